'use strict'
// Commands that a real server has and flying-squid lacks.

exports.server = (server) => {
  server.once('asap', () => {
    server.commands.add({
      base: 'clear',
      info: 'Empty an inventory',
      usage: '/clear <player>',
      op: true,
      parse: (text) => server.getPlayers(text.trim() || '@s')[0] ?? false,
      action: (player) => player.clearInventory()
    })
  })
}
