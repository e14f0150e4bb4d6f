'use strict'
// What the bot sees, cheap enough to be asked after every step.
const { Vec3 } = require('vec3')
const { eachState } = require('./cells')
const { place } = require('./walking')
const { CHESTS } = require('./living')

const RADIUS = 8
const HEIGHT = 5
const MOBS_SEEN = 32
const MOST_CHESTS = 12
const AIR = new Set(['air', 'cave_air', 'void_air'])
const TIMES = [[1000, 'sunrise'], [11500, 'day'], [13000, 'sunset'], [23000, 'night'], [24001, 'sunrise']]
const WORN = { 5: 'head', 6: 'torso', 7: 'legs', 8: 'feet', 45: 'off-hand' }

/** The blocks around by name, each with its nearest place, and the chests; scanned again only where something changed. */
function around (game, radius = RADIUS) {
  const { bot } = game
  const middle = bot.entity.position.floored()
  const key = `${middle} ${radius}`
  if (!game.dirty && game.scanned?.key === key) return game.scanned.found
  const found = scan(bot, middle, radius)
  game.scanned = { key, found }
  game.dirty = false
  return found
}

function scan (bot, middle, radius) {
  const states = new Map()
  const chests = []
  const isChest = bot.registry.blocksArray.filter((kind) => CHESTS.includes(kind.name))
  eachState(bot, middle, radius, Math.min(radius, HEIGHT), (state, x, y, z) => {
    const apart = (x - middle.x) ** 2 + (y - middle.y) ** 2 + (z - middle.z) ** 2
    const known = states.get(state)
    if (!known || apart < known.apart) states.set(state, { apart, at: new Vec3(x, y, z) })
    if (isChest.some((kind) => state >= kind.minStateId && state <= kind.maxStateId)) chests.push(`(${x}, ${y}, ${z})`)
  })
  const names = new Map()
  for (const [state, nearest] of states) {
    const name = bot.registry.blocksByStateId[state]?.name
    if (!name || AIR.has(name)) continue
    if (!names.has(name) || nearest.apart < names.get(name).apart) names.set(name, nearest)
  }
  return { names, chests }
}

function mobs (game, radius) {
  const { bot } = game
  const found = new Map()
  for (const one of Object.values(bot.entities)) {
    if (one === bot.entity || one.type === 'object' || one.type === 'other' || !one.name) continue
    const apart = one.position.distanceTo(bot.entity.position)
    const name = one.username ?? one.name
    if (apart <= radius && (!found.has(name) || apart < found.get(name).apart)) found.set(name, { apart, at: one.position })
  }
  return found
}

function equipment (bot) {
  const worn = {}
  if (bot.heldItem) worn.hand = bot.heldItem.name
  for (const [slot, name] of Object.entries(WORN)) {
    if (bot.inventory.slots[slot]) worn[name] = bot.inventory.slots[slot].name
  }
  return worn
}

/** The chests around and those opened before: contents as last seen, null where never opened. */
function chests (game) {
  const seen = {}
  for (const at of [...around(game).chests, ...game.opened.keys()].slice(0, MOST_CHESTS)) seen[at] = game.opened.get(at) ?? null
  return seen
}

function biome (bot) {
  const id = bot.world.getBiome(bot.entity.position.floored())
  return bot.registry.biomes[id]?.name ?? null
}

function observe (game) {
  const { bot } = game
  return {
    position: place(bot),
    biome: biome(bot),
    time: TIMES.find(([end]) => (bot.time.timeOfDay ?? 0) < end)[1],
    health: Math.max(0, bot.health ?? 0),
    hunger: Math.max(0, bot.food ?? 0),
    blocks: [...around(game).names.keys()].sort(),
    entities: Object.fromEntries([...mobs(game, MOBS_SEEN)].map(([name, one]) => [name, Math.round(one.apart * 10) / 10])),
    equipment: equipment(bot),
    inventory: game.counts(),
    slots: bot.inventory.items().length,
    chests: chests(game),
    chest_slots: Object.fromEntries([...game.room].slice(-MOST_CHESTS))
  }
}

/** The chests as a list, nearest first: what is known of each. */
function chestList (game) {
  const here = game.alive().entity.position
  const listed = Object.entries(chests(game)).map(([at, items]) => {
    const [x, y, z] = at.slice(1, -1).split(', ').map(Number)
    const position = new Vec3(x, y, z)
    const block = game.bot.blockAt(position)?.name ?? ''
    return { position: { x, y, z }, block, items, free_slots: game.room.get(at) ?? null, apart: position.distanceTo(here) }
  })
  return listed.sort((one, other) => one.apart - other.apart)
}

/** How many uses are left of each kind of tool and armour held, of the one used most. */
function usesLeft (game) {
  const left = {}
  for (const item of game.alive().inventory.slots) {
    if (!item?.maxDurability) continue
    const uses = Math.max(0, item.maxDurability - (item.durabilityUsed ?? 0))
    left[item.name] = Math.min(left[item.name] ?? uses, uses)
  }
  return left
}

/** The living things in sight: number -> name. */
function living (game) {
  const { bot } = game
  const found = Object.values(game.alive().entities).filter((one) => one !== bot.entity && one.name && one.type !== 'object')
  return Object.fromEntries(found.map((one) => [one.id, one.name]))
}

function nearby (game, { radius, kind }) {
  game.alive()
  const found = {}
  for (const [name, one] of kind === 'mob' ? mobs(game, radius) : around(game, radius).names) {
    found[name] = { x: one.at.x, y: one.at.y, z: one.at.z }
  }
  return found
}

module.exports = { observe, nearby, around, mobs, living, chestList, usesLeft }
