'use strict'
// The names of things in the version that is played: all there are, and those that can be had in survival.
const smelting = require('./smelting.json')

const NO_MOBS = ['object', 'other', 'projectile', 'player', 'orb', 'storage']
/** What survival gives in ways the game's data does not tell: filled, brewed, laid, traded, fished, upgraded, found. */
const FOUND_ELSEWHERE = new RegExp([
  '_bucket$', 'potion$', '^netherite_', '^chainmail_', '_horse_armor$', '_banner_pattern$', '_pottery_sherd$', '^music_disc_',
  'scute$', 'trial_key$', '^(?!.*spawn_)(.*_)?egg$', '^(elytra|trident|honeycomb|name_tag|goat_horn|nautilus_shell|nether_star)$',
  '^(enchanted_book|enchanted_golden_apple|experience_bottle|filled_map|written_book|dragon_breath|disc_fragment_5)$',
  '^(heart_of_the_sea|echo_shard|firework_star|suspicious_stew|short_grass|pale_oak_leaves|pale_hanging_moss)$',
  '^(breeze_rod|resin_brick|ominous_bottle|bundle|.*_bundle)$'
].join('|'))
/** Blocks that are another one's shape on a wall, in a pot or on a stem: a prompt names the block itself. */
const OTHER_SHAPE = /^potted_|^attached_|_wall_(sign|banner|fan|head|skull|torch|hanging_sign)$|^wall_torch$|_candle_cake$/

const sorted = (names) => [...new Set(names)].sort()

/** Whether tools and patience dig it. Portals, fluids and air are no blocks to dig, bedrock is not dug. */
const canBeDug = (block) => Boolean(block.diggable) && block.hardness >= 0

function canBeHad (registry) {
  const had = new Set(Object.values(smelting.results))
  const byId = (id) => had.add(registry.items[id]?.name)
  Object.keys(registry.recipes ?? {}).forEach(byId)
  for (const block of registry.blocksArray.filter(canBeDug)) {
    for (const drop of block.drops ?? []) byId(drop.drop ?? drop)
    for (const drop of registry.blockLoot?.[block.name]?.drops ?? []) had.add(drop.item)
  }
  for (const mob of Object.values(registry.entityLoot ?? {})) mob.drops.forEach((drop) => had.add(drop.item))
  return (item) => had.has(item.name) || FOUND_ELSEWHERE.test(item.name)
}

/** `all` names that the server may know, and the `survival` ones, each by kind and sorted. */
function names ({ registry }) {
  const pick = (array, wanted = () => true) => sorted(array.filter(wanted).map((one) => one.name))
  const mobs = pick(registry.entitiesArray, (one) => !NO_MOBS.includes(one.type))
  const had = canBeHad(registry)
  const listed = (block) => {
    const item = registry.itemsByName[block.name]
    return canBeDug(block) && !OTHER_SHAPE.test(block.name) && (!item || had(item) || registry.blockLoot?.[block.name])
  }
  return {
    all: { items: pick(registry.itemsArray), blocks: pick(registry.blocksArray), mobs },
    survival: { items: pick(registry.itemsArray, had), blocks: pick(registry.blocksArray, listed), mobs }
  }
}

module.exports = { names }
