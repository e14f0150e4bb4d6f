'use strict'
// Our plugin: what flying-squid lacks and the tests need, one file a rule.
const parts = [
  require('./protocol'), require('./mobs'), require('./windows'), require('./stations'), require('./harvest'),
  require('./living'), require('./commands'), require('./admission'), require('./arena'), require('./statistics')
]

exports.server = (server, options) => {
  const chosen = options.plugins[__dirname]
  for (const part of parts) part.server?.(server, chosen)
}

exports.player = (player, server) => {
  for (const part of parts) part.player?.(player, server)
}
