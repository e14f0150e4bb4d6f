'use strict'
// Who may come in, and where blocks may be changed: a whitelist, and protected ground around the spawn.

exports.server = (server, chosen) => {
  server.admission = { whitelist: chosen.whitelist, protectedRadius: chosen.protectedRadius ?? -1 }
}

exports.player = (player, server) => {
  const { whitelist, protectedRadius } = server.admission
  const near = ({ x, z }) => Math.max(Math.abs(x), Math.abs(z)) <= protectedRadius
  player.once('asap', () => {
    if (whitelist && !whitelist.includes(player._client.username)) {
      player.login = async () => player.kick('You are not white-listed on this server!')
    }
  })
  player.on('dug_cancel', (dug, cancel) => {
    if (!near(dug.position)) return
    cancel(false)
    player.sendBlock(dug.position, dug.block.stateId)
  })
  player.on('place_cancel', (placed, cancel) => {
    if (near(placed.position)) cancel()
  })
}
