'use strict'
// The bot and what is known around it: the connection, the names, what happens.
require('./lean')
const mineflayer = require('mineflayer')
const net = require('node:net')
const { pathfinder, Movements } = require('mineflayer-pathfinder')
const { plugin: collectBlock } = require('mineflayer-collectblock')
const { plugin: toolPlugin } = require('mineflayer-tool')
const { findKinds } = require('./cells')
const { Refusal } = require('./channel')
const smelting = require('./smelting.json')

/** How many steps of a detour are better than digging or placing a block. */
const DIG_COST = 20
const JOIN_SECONDS = 25
const RESPAWN_SECONDS = 8
/** How long a server may say nothing before it is lost; servers of Mojang speak every 15 s, and clients wait twice that. */
const SILENCE_SECONDS = 30
/** How much is shown of why a server ends the connection. */
const WORDS = 1000
const GRID_SLOTS = 5
const FARTHEST_STEP = 4
/** Stations and containers, which walks leave whole, as they do what the bot has placed. */
const UNBREAKABLE_ON_THE_WAY = /^(crafting_table|(blast_)?furnace|smoker|campfire|(trapped_|ender_)?chest|barrel|hopper|dispenser|dropper|crafter|(chipped_|damaged_)?anvil|(enchanting|smithing|cartography|fletching)_table|brewing_stand|loom|stonecutter|grindstone|lectern|composter|cauldron|beacon|jukebox|\w*shulker_box|\w+_bed)$/
const FORBIDDEN = 100

/** The connection failed; `kind` says how. */
class Lost extends Error {
  constructor (message) {
    super(message)
    this.kind = 'lost'
  }
}

class Game {
  /** @param tell called with (event name, data) for each thing that happens */
  constructor (tell) {
    this.tell = tell
    this.bot = null
    this.ticks = 0
    this.walked = 0
    this.dirty = true
    /** Where the bot has placed blocks, and the free slots of containers that it opened, by place. */
    this.placed = new Set()
    this.room = new Map()
  }

  /** Enter the world over the stream `fd`; resolves when the bot stands in it. */
  join ({ fd, version, username, held = [], opened = {} }) {
    this.held = new Set(held)
    this.opened = new Map(Object.entries(opened))
    const bot = this.bot = mineflayer.createBot({
      version, username, auth: 'offline', hideErrors: true, checkTimeoutInterval: SILENCE_SECONDS * 1000, viewDistance: 'short', connect: over(fd)
    })
    bot.setMaxListeners(0)
    bot.once('inject_allowed', () => {
      for (const plugin of [pathfinder, toolPlugin, collectBlock]) bot.loadPlugin(plugin)
    })
    return new Promise((resolve, reject) => {
      const timer = setTimeout(() => reject(new Lost(`no place in the world after ${JOIN_SECONDS} s`)), JOIN_SECONDS * 1000)
      const fail = (why) => {
        clearTimeout(timer)
        this.ended = this.ended ?? why
        reject(new Lost(this.ended))
      }
      bot.on('kicked', (reason) => fail(`kicked: ${plain(reason).slice(0, WORDS)}`))
      bot.on('error', (error) => fail(`connection failed: ${error.message}`))
      bot.on('end', (reason) => {
        fail(`connection ended: ${reason}`)
        this.tell('end', { text: this.ended })
      })
      bot.once('spawn', () => {
        clearTimeout(timer)
        this.settle()
        resolve(this.about())
      })
    })
  }

  /** Listen to the world, now that the bot stands in it. */
  settle () {
    const { bot } = this
    this.registry = bot.registry
    this.movements = new Movements(bot)
    this.movements.allowFreeMotion = false
    this.movements.canOpenDoors = true
    this.movements.digCost = DIG_COST
    this.movements.placeCost = DIG_COST
    for (const block of this.registry.blocksArray) {
      if (UNBREAKABLE_ON_THE_WAY.test(block.name)) this.movements.blocksCantBreak.add(block.id)
    }
    this.movements.exclusionAreasBreak.push((block) => this.placed.has(`${block.position}`) ? FORBIDDEN : 0)
    bot.pathfinder.setMovements(this.movements)
    bot.pathfinder.thinkTimeout = 5000
    bot.on('physicsTick', () => { this.ticks++ })
    this.health = bot.health
    bot.on('health', () => {
      if (bot.health < this.health) this.tell('event', { text: `lost ${(this.health - bot.health).toFixed(1)} health` })
      this.health = bot.health
    })
    bot.on('death', () => this.tell('death', { text: 'died' }))
    bot.on('chat', (name, text) => {
      if (name !== bot.username) this.tell('event', { text: `${name} says: ${text.slice(0, 300)}` })
    })
    bot.on('blockUpdate', (_old, now) => {
      this.dirty = true
      if (now?.boundingBox === 'empty') this.placed.delete(`${now.position}`)
    })
    bot.on('chunkColumnLoad', () => { this.dirty = true })
    bot.inventory.on('updateSlot', (slot, _old, item) => { if (item && slot >= GRID_SLOTS) this.note(item.name) })
    let last = bot.entity.position.clone()
    bot.on('move', () => {
      const step = bot.entity.position.distanceTo(last)
      if (step < FARTHEST_STEP) this.walked += step
      last = bot.entity.position.clone()
    })
    for (const item of bot.inventory.items()) this.note(item.name)
  }

  note (name) {
    if (this.held.has(name)) return
    this.held.add(name)
    this.tell('held', { name })
  }

  /** Forget what an earlier life held and walked. */
  newLife () {
    this.alive()
    this.held.clear()
    this.walked = 0
  }

  about () {
    return { version: this.bot.version, username: this.bot.username, slots: 36 }
  }

  /** Remember what is in a chest, and how many slots are free. */
  open (where, contents, free) {
    const at = `(${where.x}, ${where.y}, ${where.z})`
    this.room.set(at, free)
    this.opened.set(at, contents)
    this.tell('chest', { at, contents })
  }

  get connected () {
    return this.bot !== null && !this.ended
  }

  /** The bot, or an error that says that there is none. */
  alive () {
    if (!this.connected) throw new Lost(this.ended ?? 'not in a world')
    if (this.bot.health <= 0) throw new Refusal('interrupted: you died')
    return this.bot
  }

  /** The bot, once it has come back to life. */
  async living () {
    const end = Date.now() + RESPAWN_SECONDS * 1000
    while (this.connected && this.bot.health <= 0 && Date.now() < end) await new Promise((resolve) => setTimeout(resolve, 50))
    return this.alive()
  }

  counts () {
    const held = {}
    const equipment = [5, 6, 7, 8, 45].map((slot) => this.bot.inventory.slots[slot]).filter(Boolean)
    for (const item of [...this.bot.inventory.items(), ...equipment]) {
      held[item.name] = (held[item.name] ?? 0) + item.count
    }
    return held
  }

  count (name) {
    return this.counts()[name] ?? 0
  }

  /** The nearest blocks of these names, nearest first, as positions. */
  blocks (names, distance, count = 64) {
    const kinds = names.map((name) => this.registry.blocksByName[name]).filter(Boolean)
    return findKinds(this.bot, kinds, distance, count)
  }

  /** The nearest living thing of a name within `distance`. */
  mob (name, distance) {
    const here = this.bot.entity.position
    return this.bot.nearestEntity((one) => one.name === name && one.position.distanceTo(here) <= distance)
  }

  /** What smelting `item` gives, or undefined. */
  smelted (item) {
    return smelting.results[item]
  }

  /** How many items one piece of `item` smelts as fuel; 0 where it does not burn. */
  fuel (item) {
    if (smelting.fuels[item]) return smelting.fuels[item]
    const pattern = Object.keys(smelting.patterns).find((suffix) => item.endsWith(suffix))
    return pattern && !/crimson|warped/.test(item) ? smelting.patterns[pattern] : 0
  }
}

/** How the protocol's client connects: over a socket that is open already, once its listeners are in place. */
const over = (fd) => (client) => setImmediate(() => {
  client.setSocket(new net.Socket({ fd }))
  client.emit('connect')
})

/** A kick reason (text, JSON text, or a chat component, or NBT of one) as plain text. */
function plain (reason) {
  let value = reason
  try {
    if (typeof value === 'string') value = JSON.parse(value)
  } catch {
    return value
  }
  const parts = []
  const walk = (part) => {
    if (typeof part === 'string') parts.push(part)
    else if (Array.isArray(part)) part.forEach(walk)
    else if (part && typeof part === 'object') {
      if (part.type && 'value' in part) return walk(part.value)
      for (const key of ['text', 'translate', '', 'extra', 'with']) if (key in part) walk(part[key])
    }
  }
  walk(value)
  return parts.join(' ').trim() || JSON.stringify(reason)
}

module.exports = { Game, Lost }
