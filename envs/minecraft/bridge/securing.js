'use strict'
// The login of an account on a server that checks accounts: the relay answers the server's request for encryption itself,
// so the bot speaks to it as to a server that does not check.
// Frames before compression: length, packet id, payload; https://minecraft.wiki/w/Java_Edition_protocol (Login).
const crypto = require('node:crypto')
const { number, readNumber, sized } = require('./framing')

const ENCRYPTION_REQUEST = 0x01
const LONGEST_FRAME = 1 << 21
const CIPHER = 'aes-128-cfb8'

/** The parts of an encryption request. */
function readRequest (payload) {
  const part = (offset) => {
    const [length, start] = readNumber(payload, offset)
    return [payload.subarray(start, start + length), start + length]
  }
  const [serverId, afterId] = part(0)
  const [publicKey, afterKey] = part(afterId)
  const [verifyToken] = part(afterKey)
  return { serverId: serverId.toString(), publicKey, verifyToken }
}

/**
 * Join the two sockets; `join(serverId, secret, publicKey)` vouches for the account where the server asks for it.
 * @param fail called with an error that ends the connection
 */
function secure (bot, server, join, fail) {
  let rest = Buffer.alloc(0)
  const onData = (data) => {
    rest = Buffer.concat([rest, data])
    try {
      step()
    } catch (error) {
      fail(error)
    }
  }

  const step = () => {
    const head = readNumber(rest, 0)
    if (!head) return
    const [length, start] = head
    if (length <= 0 || length > LONGEST_FRAME) throw new Error('the server sent a frame of a strange length')
    if (rest.length < start + length) return
    const frame = rest.subarray(start, start + length)
    const [id, body] = readNumber(frame, 0)
    server.off('data', onData)
    if (id !== ENCRYPTION_REQUEST) return plain()
    server.pause()
    const later = rest.subarray(start + length)
    answer(readRequest(frame.subarray(body)), later).catch(fail)
  }

  /** The server asks for no account: everything goes through as it is. */
  const plain = () => {
    bot.write(rest)
    bot.unpipe(server)
    bot.pipe(server)
    server.pipe(bot)
  }

  const answer = async ({ serverId, publicKey, verifyToken }, later) => {
    const secret = crypto.randomBytes(16)
    await join(serverId, secret, publicKey)
    const key = crypto.createPublicKey({ key: publicKey, format: 'der', type: 'spki' })
    const locked = (data) => sized(crypto.publicEncrypt({ key, padding: crypto.constants.RSA_PKCS1_PADDING }, data))
    bot.unpipe(server)
    server.write(sized(Buffer.concat([number(ENCRYPTION_REQUEST), locked(secret), locked(verifyToken)])))
    const open = crypto.createDecipheriv(CIPHER, secret, secret)
    if (later.length) open.write(later)
    bot.pipe(crypto.createCipheriv(CIPHER, secret, secret)).pipe(server)
    server.pipe(open).pipe(bot)
    server.resume()
  }

  bot.pipe(server)
  server.on('data', onData)
}

module.exports = { secure }
