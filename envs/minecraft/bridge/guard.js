'use strict'
// The bot's side of the relay. While a program plays, each of its packets is looked into before it goes on to the server,
// and what the server says is read on the way back, after it has gone on.
const { Duplex } = require('node:stream')
const { Book } = require('./book')
const { Facts } = require('./facts')
const { Splitter, close, number, open, readNumber, readText, whole } = require('./framing')
const { Chat, mayPass } = require('./policy')

const COMPRESSION = 0x03
const LOGGED_IN = 0x02
const STATISTICS = 1
const STATISTICS_SECONDS = 2
/** The longest frames that are looked into, in bytes: a player's own are short, and so is what is read of the server's. */
const PROGRAMS_FRAME = 1 << 17
const READ_FRAME = 1 << 16
/** More packets a second than any player sends; the rest wait for the next. */
const PACKETS_A_SECOND = 1000

class Guard extends Duplex {
  /** @param bot the socket of the bot's process */
  constructor (bot) {
    super()
    Object.assign(this, { bot, threshold: -1, facts: null, book: null, chat: null, refused: new Map() })
    Object.assign(this, { second: 0, passed: 0, resting: false })
    this.loggingIn = true
    this.up = new Splitter((frame) => this.upward(frame))
    this.down = new Splitter((frame) => this.downward(frame), { wanted: () => this.loggingIn || this.facts !== null })
    bot.on('data', (data) => this.attempt(() => this.up.push(data)))
    bot.on('end', () => { if (!this.facts) this.push(null) })
  }

  /** What cannot be read ends the bot's connection. */
  attempt (act) {
    try {
      act()
    } catch (error) {
      console.error('relay:', error.message)
      this.bot.destroy()
    }
  }

  _read () {
    if (!this.resting) this.bot.resume()
  }

  _final (done) {
    this.bot.end()
    done()
  }

  /** What the server sends goes on first and is read then. */
  _write (data, _encoding, done) {
    const bot = this.bot
    if (bot.destroyed || bot.write(data)) done()
    else waitFor(bot, done)
    this.attempt(() => this.down.push(data))
  }

  send (packet) {
    if (!this.push(close(packet, this.threshold))) this.bot.pause()
  }

  /** A program is about to play; `around` says which living things are in sight. */
  begin (version, around) {
    this.book ??= new Book(version)
    this.facts = new Facts(this.book, around)
    this.chat = new Chat()
    this.refused.clear()
    this.up.longest = PROGRAMS_FRAME
    this.askStatistics()
  }

  askStatistics () {
    const id = this.book.numberToServer('client_command')
    if (id !== undefined) this.send({ id, body: number(STATISTICS) })
  }

  /** What is known of the program that played; resolves soon, whether the server answers or not. */
  async report (connected) {
    const { facts } = this
    this.bot.destroy()
    if (connected && facts.answers === 1) {
      const answered = new Promise((resolve) => { facts.waiting = resolve })
      this.askStatistics()
      await Promise.race([answered, new Promise((resolve) => setTimeout(resolve, STATISTICS_SECONDS * 1000))])
    }
    return { ...facts.report(), refused: Object.fromEntries(this.refused) }
  }

  /** A frame on its way to the server. */
  upward (frame) {
    if (!this.facts) return this.pass(frame)
    this.count()
    const packet = open(frame, this.threshold, PROGRAMS_FRAME)
    const name = this.book.toServer.get(packet.id)
    const parts = { text: () => readText(packet.body, 0)[0], number: () => whole(readNumber(packet.body, 0))[0] }
    if (mayPass(name, parts, this.chat)) {
      this.facts.sent(name, packet.body)
      return this.send(packet)
    }
    this.refused.set(name ?? 'unknown', (this.refused.get(name ?? 'unknown') ?? 0) + 1)
  }

  pass (frame) {
    if (!this.push(Buffer.concat([number(frame.length), frame]))) this.bot.pause()
  }

  /** Let the bot's process wait where it sends too much at once. */
  count () {
    const now = Math.floor(Date.now() / 1000)
    if (now !== this.second) Object.assign(this, { second: now, passed: 0 })
    if (++this.passed !== PACKETS_A_SECOND) return
    this.resting = true
    this.bot.pause()
    setTimeout(() => { this.resting = false; this.bot.resume() }, 1000 - (Date.now() % 1000))
  }

  /** A frame that went on to the bot. No program goes with its player to another of the server's worlds (configuration). */
  downward (frame) {
    if (this.loggingIn) return this.login(open(frame, this.threshold))
    if (frame.length <= READ_FRAME) this.examine(frame)
  }

  examine (frame) {
    let name = 'a packet'
    try {
      const { id, body } = open(frame, this.threshold)
      name = this.book.toClient.get(id)
      this.facts.take(name, body)
    } catch (error) {
      this.facts.miss(name, error)
    }
    if (name === 'start_configuration') this.bot.destroy()
  }

  login ({ id, body }) {
    if (id === COMPRESSION) this.threshold = whole(readNumber(body, 0))[0]
    if (id === COMPRESSION || id === LOGGED_IN) this.loggingIn = false
  }
}

function waitFor (socket, done) {
  const go = () => {
    socket.off('drain', go)
    socket.off('close', go)
    done()
  }
  socket.once('drain', go)
  socket.once('close', go)
}

module.exports = { Guard }
