'use strict'
// The trusted side of the bot's only connection: joins a socket of the bot's process to the one server.
// Arguments: the number of the socket, and a JSON object with host, port, auth, username, version and the folder for tokens.
// Tells on standard output, a JSON object a line, how it goes. On standard input, too: {"program": {number: name}} says that a
// program is about to play, with the living things in sight, and is told back; {"report": true} that it has ended: its bot is
// cut off, and what the server said of it is told.
const net = require('node:net')
const readline = require('node:readline')
const { Guard } = require('./guard')

const [fd, settings] = process.argv.slice(2)
const { host, port, auth, username, version, tokens } = JSON.parse(settings)
const CONNECT_SECONDS = 10
/** How long the bot may take to read the server's last words. */
const LINGER = 2000

const tell = (message) => process.stdout.write(JSON.stringify(message) + '\n')
const finish = (code) => process.exit(code)
const fail = (error) => {
  tell({ status: 'failed', message: error.message })
  finish(1)
}
const orders = readline.createInterface({ input: process.stdin })
orders.on('close', () => finish(0))

/** Join the two; `account` is who to be on a server that checks accounts, null for offline play. */
function connect (account) {
  const bot = new net.Socket({ fd: Number(fd), allowHalfOpen: false })
  const guard = new Guard(bot)
  const server = net.connect({ host, port, noDelay: true })
  server.setTimeout(CONNECT_SECONDS * 1000, () => server.destroy(new Error(`no answer in ${CONNECT_SECONDS} s`)))
  server.once('connect', () => {
    server.setTimeout(0)
    tell({ status: 'connected', username: account?.name ?? username })
    if (account) return secureFor(account, guard, server)
    guard.pipe(server)
    server.pipe(guard)
  })
  obey(guard, server)
  server.on('error', (error) => { if (!guard.facts) fail(error) })
  server.on('close', () => {
    bot.end(() => over(guard))
    setTimeout(over, LINGER, guard)
  })
  bot.on('error', () => over(guard))
  bot.on('close', () => {
    if (!guard.facts) server.end()
    over(guard)
  })
}

/** Nothing is left to relay; while a program plays, the relay stays for its report. */
function over (guard) {
  if (!guard.facts) finish(0)
}

function obey (guard, server) {
  orders.on('line', async (line) => {
    const { program, report } = JSON.parse(line)
    if (program) {
      guard.begin(version, program)
      tell({ status: 'program' })
    } else if (report && guard.facts) {
      tell({ status: 'facts', facts: await guard.report(!server.destroyed) })
    }
  })
}

function secureFor (account, guard, server) {
  const { announce } = require('./account')
  const { secure } = require('./securing')
  secure(guard, server, (...connection) => announce(account, ...connection), fail)
}

if (auth === 'microsoft') {
  require('./account').signIn(username, tokens, (message) => tell({ status: 'sign in', message })).then(connect, fail)
} else {
  connect(null)
}
