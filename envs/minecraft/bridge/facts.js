'use strict'
// What the server says of a player while a program plays, read from its packets: deaths, what died of the player's blows, and
// the server's own statistics, which count what was killed, placed, crafted and picked up. A program has no part in it.
const { readNumber, whole } = require('./framing')

/** Kinds of statistics, as the server numbers them (since 1.13). */
const CRAFTED = 1
const USED = 2
const PICKED_UP = 4
const KILLED = 6
const MOST_ENTRIES = 100_000
/** What a packet says that happened to a living thing: it died. */
const DIED = 3
const BLOW = 1
/** How long after a blow a death is its work, in milliseconds, and how many things are remembered. */
const DYING = 3000
const REMEMBERED = 10_000
/** How many packets that cannot be read are logged, one line each. */
const LOGGED = 20
/** Items of other names than the block that they become. */
const PLACED_TOO = /^(?!milk).+_bucket$|_seeds$|^(redstone|string)$/

class Facts {
  /**
   * @param book the names and numbers of the version (`Book`)
   * @param around the living things that are in sight, number -> name
   */
  constructor (book, around = {}) {
    Object.assign(this, { seen: new Map(Object.entries(around)), blows: new Map(), killed: {} })
    Object.assign(this, { book, deaths: 0, alive: true, before: null, now: new Map(), answers: 0, waiting: null, spoiled: false, missed: 0 })
  }

  /** Take in a packet of the server. */
  take (name, body) {
    switch (name) {
      case 'statistics': return this.statistics(body)
      case 'update_health': return this.health(body.readFloatBE(0))
      case 'spawn_entity': case 'spawn_entity_living': return this.spawned(body)
      case 'entity_status': return body.readInt8(4) === DIED && this.died(String(body.readInt32BE(0)))
    }
  }

  /** Take in a packet of the player's that went on to the server. */
  sent (name, body) {
    if (name !== 'use_entity' && name !== 'attack') return
    const [target, after] = whole(readNumber(body, 0))
    if (name === 'use_entity' && whole(readNumber(body, after))[0] !== BLOW) return
    if (this.blows.size >= REMEMBERED) this.blows.clear()
    this.blows.set(String(target), Date.now())
  }

  /** A number, 16 bytes, and the kind. */
  spawned (body) {
    const [entity, after] = whole(readNumber(body, 0))
    const name = this.book.entity(whole(readNumber(body, after + 16))[0])
    if (this.seen.size >= REMEMBERED) this.seen.clear()
    if (name) this.seen.set(String(entity), name)
  }

  died (entity) {
    const name = this.seen.get(entity)
    if (name && Date.now() - (this.blows.get(entity) ?? -Infinity) <= DYING) this.killed[name] = (this.killed[name] ?? 0) + 1
    this.blows.delete(entity)
    this.seen.delete(entity)
  }

  /** A packet could not be read; without one of the statistics, what is counted is in doubt. */
  miss (name, error) {
    if (this.missed++ < LOGGED) console.error(`relay: ${name} of the server: ${error.message}`)
    if (name === 'statistics') this.spoiled = true
  }

  health (health) {
    if (health <= 0 && this.alive) this.deaths++
    this.alive = health > 0
  }

  /** The first answer is how things stood before the program; each holds what changed since the one before. */
  statistics (body) {
    const [count, start] = whole(readNumber(body, 0))
    if (count > MOST_ENTRIES) throw new Error('more entries than there are things')
    let offset = start
    const next = () => {
      const [value, after] = whole(readNumber(body, offset))
      offset = after
      return value
    }
    for (let entry = 0; entry < count; entry++) this.now.set(`${next()} ${next()}`, next())
    if (this.now.size > MOST_ENTRIES) throw new Error('more statistics than there are things')
    this.before ??= new Map(this.now)
    this.answers++
    this.waiting?.()
  }

  /** How often something was counted since the program began, by kind and number. */
  * gained () {
    for (const [key, value] of this.now) {
      const count = value - (this.before.get(key) ?? 0)
      if (count > 0) yield [...key.split(' ').map(Number), count]
    }
  }

  /**
   * What is known; `confirmed` where the server said how things were before and after: otherwise it may be too little. What
   * died after a blow counts on a server that sends no statistics alone: a blow may have been struck from anywhere, and a
   * program that can have itself thrown out would choose what it is judged by.
   */
  report () {
    const found = { confirmed: this.answers > 1 && !this.spoiled, deaths: this.deaths, killed: {}, placed: {}, held: [] }
    if (!found.confirmed) return this.answers ? found : { ...found, killed: this.killed }
    for (const [kind, number, count] of this.gained()) {
      const item = this.book.item(number)
      if (kind === KILLED && this.book.entity(number)) found.killed[this.book.entity(number)] = count
      if (kind === USED && item && (this.book.isBlock(item) || PLACED_TOO.test(item))) found.placed[item] = count
      if ((kind === CRAFTED || kind === PICKED_UP) && item) found.held.push(item)
    }
    return found
  }
}

module.exports = { Facts }
