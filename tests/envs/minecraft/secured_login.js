'use strict'
// A server that checks accounts, as far as its login goes: asks for encryption, asks the session server, then speaks
// encrypted. Prints what came of it. With the argument `guarded` the bot speaks through the relay's guard, in frames.
const crypto = require('node:crypto')
const http = require('node:http')
const net = require('node:net')
const path = require('node:path')
const bridge = path.resolve(process.argv[2])
const { announce, serverHash } = require(path.join(bridge, 'account.js'))
const { secure } = require(path.join(bridge, 'securing.js'))
const { Guard } = require(path.join(bridge, 'guard.js'))
const guarded = process.argv[3] === 'guarded'

const { publicKey, privateKey } = crypto.generateKeyPairSync('rsa', { modulusLength: 1024 })
const key = publicKey.export({ format: 'der', type: 'spki' })
const verify = crypto.randomBytes(4)
const number = (value) => (value < 128 ? Buffer.from([value]) : Buffer.from([(value & 0x7f) | 0x80, value >> 7]))
const sized = (data) => Buffer.concat([number(data.length), data])
const framed = (text) => guarded ? sized(Buffer.from(text)) : text
/** What was encrypted with PKCS #1 padding, which Node takes off no more: it ends at the first zero after its mark. */
const open = (data) => {
  const padded = crypto.privateDecrypt({ key: privateKey, padding: crypto.constants.RSA_NO_PADDING }, data)
  return padded.subarray(padded.indexOf(0, 2) + 1)
}

let joined
const sessions = http.createServer((request, answer) => {
  let body = ''
  request.on('data', (data) => { body += data })
  request.on('end', () => { joined = JSON.parse(body); answer.writeHead(204).end() })
})

const game = net.createServer((connection) => {
  connection.once('data', (login) => {
    const request = sized(Buffer.concat([number(1), sized(Buffer.alloc(0)), sized(key), sized(verify)]))
    connection.write(request.subarray(0, 20))
    setTimeout(() => connection.write(request.subarray(20)), 20)
    connection.once('data', (response) => {
      const secret = open(response.subarray(5, 133))
      const token = open(response.subarray(135, 263))
      const cipher = crypto.createCipheriv('aes-128-cfb8', secret, secret)
      const decipher = crypto.createDecipheriv('aes-128-cfb8', secret, secret)
      connection.write(cipher.update(framed('welcome')))
      connection.once('data', (data) => {
        console.log(JSON.stringify({
          login: login.toString(),
          verified: token.equals(verify),
          hash: joined.serverId === serverHash('', secret, key),
          token: joined.accessToken,
          said: decipher.update(data).toString()
        }))
        process.exit(0)
      })
    })
  })
})

sessions.listen(0, '127.0.0.1', () => game.listen(0, '127.0.0.1', () => {
  const account = { name: 'Someone', id: '11111111-2222-3333-4444-555555555555', token: 'secret' }
  const sessionServer = `http://127.0.0.1:${sessions.address().port}`
  const ends = net.createServer((bot) => {
    const server = net.connect(game.address().port, '127.0.0.1')
    server.once('connect', () => secure(guarded ? new Guard(bot) : bot, server, (...c) => announce(account, ...c, sessionServer), (error) => { throw error }))
  })
  ends.listen(0, '127.0.0.1', () => {
    const bot = net.connect(ends.address().port, '127.0.0.1', () => bot.write(framed('login start')))
    bot.once('data', (data) => bot.write(framed(`heard ${data}`)))
  })
}))
