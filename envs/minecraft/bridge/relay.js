'use strict'
// The trusted side of the bot's only connection: joins a socket of the bot's process to the one server.
// Arguments: the number of the socket, and a JSON object with host, port, auth, username and the folder for tokens.
// Tells on standard output, a JSON object a line, how it goes.
const net = require('node:net')

const [fd, settings] = process.argv.slice(2)
const { host, port, auth, username, tokens } = JSON.parse(settings)
const CONNECT_SECONDS = 10
/** How long the bot may take to read the server's last words. */
const LINGER = 2000

const tell = (message) => process.stdout.write(JSON.stringify(message) + '\n')
const finish = (code) => process.exit(code)
const fail = (error) => {
  tell({ status: 'failed', message: error.message })
  finish(1)
}

/** Join the two; `account` is who to be on a server that checks accounts, null for offline play. */
function connect (account) {
  const bot = new net.Socket({ fd: Number(fd), allowHalfOpen: false })
  const server = net.connect({ host, port, noDelay: true })
  server.setTimeout(CONNECT_SECONDS * 1000, () => server.destroy(new Error(`no answer in ${CONNECT_SECONDS} s`)))
  server.once('connect', () => {
    server.setTimeout(0)
    tell({ status: 'connected', username: account?.name ?? username })
    if (account) return secureFor(account, bot, server)
    bot.pipe(server)
    server.pipe(bot)
  })
  server.on('error', fail)
  server.on('close', () => {
    bot.end(() => finish(0))
    setTimeout(finish, LINGER, 0)
  })
  bot.on('error', () => finish(0))
  bot.on('close', () => { server.end(); finish(0) })
}

function secureFor (account, bot, server) {
  const { announce } = require('./account')
  const { secure } = require('./securing')
  secure(bot, server, (...connection) => announce(account, ...connection), fail)
}

process.stdin.on('end', () => finish(0)).resume()
if (auth === 'microsoft') {
  require('./account').signIn(username, tokens, (message) => tell({ status: 'sign in', message })).then(connect, fail)
} else {
  connect(null)
}
