'use strict'
// Who may come in, and where blocks may be changed: a whitelist, and protected ground around the spawn.

const near = ({ x, z }, radius) => Math.max(Math.abs(x), Math.abs(z)) <= radius

exports.server = (server, chosen) => {
  const protectedRadius = chosen.protectedRadius ?? -1
  server.admission = { whitelist: chosen.whitelist, protectedRadius, mostPlayers: chosen.maxPlayers ?? 20 }
  server.once('pluginsReady', () => {
    const place = server.placeItem
    server.placeItem = (placed) => (near(placed.placedPosition, protectedRadius) ? {} : place(placed))
  })
}

exports.player = (player, server) => {
  const { whitelist, protectedRadius, mostPlayers } = server.admission
  player.once('asap', () => {
    if (whitelist && !whitelist.includes(player._client.username)) {
      player.login = async () => player.kick('You are not white-listed on this server!')
    } else if (server.players.length >= mostPlayers) {
      player.login = async () => player.kick('The server is full!')
    }
  })
  player.on('dug_cancel', (dug, cancel) => {
    if (!near(dug.position, protectedRadius)) return
    cancel(false)
    player.sendBlock(dug.position, dug.block.stateId)
  })
}
