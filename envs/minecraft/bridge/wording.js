'use strict'
// How errors name what is missing: the same regular sentences as in the grid world, which agents learn to read.

const MOST_NAMED = 12
const anyOf = (names) => [...new Set(names)].slice(0, MOST_NAMED).join(' or ')
const need = (count, names, have) => `${count} ${anyOf(names)} (have ${have})`

const TIERS = ['wooden', 'golden', 'stone', 'iron', 'diamond', 'netherite']

/** `stone_pickaxe or better`: the least tool that gives a block's drops; null where the hand does. */
function toolNeeded (registry, block) {
  if (!block.harvestTools) return null
  const names = Object.keys(block.harvestTools).map((id) => registry.items[id]?.name).filter(Boolean)
  const rank = (name) => { const tier = TIERS.indexOf(name.split('_')[0]); return tier === 1 ? TIERS.length : tier }
  return names.sort((one, other) => rank(one) - rank(other))[0] ?? null
}

/** `; it comes from mining stone`: where an item comes from, other than by `but`. */
function origin (game, item, but) {
  const { registry } = game
  const ways = []
  const { smelted, mined } = sources(game, item)
  if (but !== 'smelting' && smelted.length) ways.push(`smelting ${anyOf(smelted)}`)
  if (but !== 'mining' && mined.length) ways.push(`mining ${anyOf(mined.map((block) => block.name))}`)
  const mobs = Object.values(registry.entityLoot ?? {}).filter((loot) => loot.drops.some((drop) => drop.item === item))
  if (but !== 'killing' && mobs.length) ways.push(`killing ${anyOf(mobs.slice(0, 3).map((loot) => loot.entity))}`)
  return ways.length ? `; it comes from ${ways.join(' or ')}` : ''
}

/** The items that smelting makes an item of, and the blocks that leave it, at most three. */
function sources (game, item) {
  const { registry } = game
  const smelted = Object.keys(require('./smelting.json').results).filter((from) => game.smelted(from) === item && registry.itemsByName[from])
  const id = registry.itemsByName[item]?.id
  const blocks = registry.blocksArray.filter((block) => block.diggable && block.hardness !== null && drops(block).includes(id))
  return { smelted, mined: blocks.sort((one, other) => one.name.length - other.name.length).slice(0, 3) }
}

const drops = (block) => (block.drops ?? []).map((drop) => drop?.drop?.id ?? drop?.drop ?? drop)

module.exports = { anyOf, drops, need, toolNeeded, origin, sources }
