'use strict'
// The trusted side of the bot's only connection: joins a socket of the bot's process to the one server.
// Arguments: the number of the socket, and a JSON object with host and port. Tells on standard output, a JSON object a line, how it goes.
const net = require('node:net')

const [fd, settings] = process.argv.slice(2)
const { host, port } = JSON.parse(settings)
const CONNECT_SECONDS = 10
/** How long the bot may take to read the server's last words. */
const LINGER = 2000

const tell = (message) => process.stdout.write(JSON.stringify(message) + '\n')
const finish = (code) => process.exit(code)

const bot = new net.Socket({ fd: Number(fd), allowHalfOpen: false })
const server = net.connect({ host, port, noDelay: true })
server.setTimeout(CONNECT_SECONDS * 1000, () => server.destroy(new Error(`no answer in ${CONNECT_SECONDS} s`)))
server.once('connect', () => {
  server.setTimeout(0)
  tell({ status: 'connected' })
  bot.pipe(server)
  server.pipe(bot)
})
server.on('error', (error) => {
  tell({ status: 'failed', message: error.message })
  finish(1)
})
server.on('close', () => {
  bot.end(() => finish(0))
  setTimeout(finish, LINGER, 0)
})
bot.on('error', () => finish(0))
bot.on('close', () => { server.end(); finish(0) })
process.stdin.on('end', () => finish(0)).resume()
