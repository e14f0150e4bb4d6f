'use strict'
// Making things: craft and smelt, with errors that say all that is missing.
const { Refusal } = require('./channel')
const { Stopped } = require('./task')
const { need, origin } = require('./wording')
const { approach } = require('./walking')

const NEAR = 16
const SETTLING = 150
const STATION = 4
const SMELT_SECONDS = 11
const MOST_SMELTED = 16
const COMMON = ['oak_planks', 'oak_log', 'cobblestone', 'coal', 'white_wool']
const FUELS_NAMED = ['coal', 'charcoal', 'oak_log', 'oak_planks', 'stick']

/** Make at least `count` of an item by whole recipes; the number made. */
async function craft (game, task, { item, count }) {
  const bot = game.alive()
  const kind = game.registry.itemsByName[item]
  const recipes = bot.recipesAll(kind.id, null, true)
  if (!recipes.length) throw new Refusal(`cannot craft ${item}: no crafting recipe makes it${origin(game, item, 'crafting')}`)
  const table = game.blocks(['crafting_table'], NEAR, 1)[0]
  const rated = recipes.map((recipe) => ({ recipe, lacks: lacks(game, recipe, count, table) }))
  const { recipe, lacks: missing } = rated.reduce((best, one) => (one.lacks < best.lacks ? one : best))
  if (missing) throw new Refusal(`cannot craft ${item}: ${takes(game, recipes, recipe, count, table)}`)
  const before = game.count(item)
  const times = Math.ceil(count / recipe.result.count)
  try {
    if (recipe.requiresTable) await approach(game, task, table, STATION)
    const block = recipe.requiresTable ? bot.blockAt(table) : null
    await task.wait(bot.craft(recipe, times, block), 6 + times)
  } catch (error) {
    if (error instanceof Stopped) throw error
    throw new Refusal(`cannot craft ${item}: ${error.message}; made ${game.count(item) - before} of ${count}`)
  }
  await task.until(() => game.count(item) > before, 2)
  await task.sleep(SETTLING)
  const made = game.count(item) - before
  if (made <= 0) {
    const full = bot.inventory.emptySlotCount() === 0 ? 'the inventory is full; deposit or place something first' : 'the server gave nothing for it'
    throw new Refusal(`cannot craft ${item}: ${full}`)
  }
  return made
}

const ingredients = (recipe) => recipe.delta.filter((one) => one.count < 0).map((one) => ({ id: one.id, count: -one.count }))

function lacks (game, recipe, count, table) {
  const times = Math.ceil(count / recipe.result.count)
  const missing = ingredients(recipe).filter((one) => game.count(game.registry.items[one.id].name) < one.count * times)
  return missing.length + (recipe.requiresTable && !table ? 1 : 0)
}

/** All that a recipe takes, with what is held of it: a skill written from this works from empty hands. */
function takes (game, recipes, recipe, count, table) {
  const name = (id) => game.registry.items[id].name
  const times = Math.ceil(count / recipe.result.count)
  const needs = ingredients(recipe).map((one) => {
    const names = [one.id, ...alternatives(recipes, recipe, one)].map(name).sort((first, second) => rarity(game, first) - rarity(game, second))
    return need(one.count * times, names, Math.max(...names.map((other) => game.count(other))))
  })
  if (!recipe.requiresTable) return `need ${needs.join(', ')}`
  return `need ${needs.join(', ')}; need a crafting_table within ${NEAR} blocks${table ? ' (there is one)' : ''}`
}

/** Which of several ingredients to name first: what is held, then what lies about everywhere, then the oldest. */
function rarity (game, name) {
  if (game.count(name)) return 0
  return COMMON.includes(name) ? 1 : 2 + game.registry.itemsByName[name].id
}

/** What other recipes take in the place of one ingredient, all else equal. */
function alternatives (recipes, recipe, ingredient) {
  const rest = ingredients(recipe).filter((one) => one.id !== ingredient.id)
  return recipes.flatMap((other) => {
    const theirs = ingredients(other)
    if (other === recipe || theirs.length !== rest.length + 1) return []
    const left = theirs.filter((one) => !rest.some((mine) => mine.id === one.id && mine.count === one.count))
    return left.length === 1 && left[0].count === ingredient.count && left[0].id !== ingredient.id ? [left[0].id] : []
  })
}

/** Turn `count` of an item into what a furnace makes of it; the number made. */
async function smelt (game, task, { item, count, fuel }) {
  const bot = game.alive()
  const result = game.smelted(item)
  if (!result) throw new Refusal(`cannot smelt ${item}: no smelting recipe takes it`)
  if (fuel && !game.fuel(fuel)) throw new Refusal(`cannot smelt ${item}: ${fuel} does not burn; fuels: ${FUELS_NAMED.join(' or ')}`)
  if (count > MOST_SMELTED) throw new Refusal(`cannot smelt ${count} ${item}: one call smelts at most ${MOST_SMELTED}; call again for the rest`)
  const place = game.blocks(['furnace'], NEAR, 1)[0]
  const plan = fuelPlan(game, item, count, fuel)
  if (!place || !plan || game.count(item) < count) {
    throw new Refusal(`cannot smelt ${item}: ${smeltNeeds(game, { item, count, fuel, place, plan })}`)
  }
  const before = game.count(result)
  let furnace
  try {
    await approach(game, task, place, STATION)
    furnace = await task.wait(bot.openFurnace(bot.blockAt(place)), 5)
    await emptied(task, furnace)
    if (!furnace.inputItem()) await task.wait(furnace.putInput(game.registry.itemsByName[item].id, null, count), 5)
    await burn(game, task, furnace, { plan, count, result })
    await taken(task, furnace)
  } catch (error) {
    if (error instanceof Stopped) throw error
    throw new Refusal(`cannot smelt ${item}: ${error.message}; made ${game.count(result) - before} of ${count}`)
  } finally {
    if (furnace) bot.closeWindow(furnace)
  }
  await task.until(() => game.count(result) > before, 2)
  const made = game.count(result) - before
  if (made < count) throw new Refusal(`cannot smelt ${item}: the furnace made ${made} of ${count}`)
  return made
}

/** Feed the furnace one kind of fuel after the other until everything is smelted. */
async function burn (game, task, furnace, { plan, count }) {
  for (const { name, amount } of plan) {
    await task.wait(furnace.putFuel(game.registry.itemsByName[name].id, null, amount), 5)
    if (!await task.until(() => !furnace.fuelItem() || !furnace.inputItem(), count * SMELT_SECONDS + 5)) break
  }
  const done = await task.until(() => !furnace.inputItem() || furnace.outputItem()?.count >= count, count * SMELT_SECONDS + 5)
  if (!done) throw new Refusal('the furnace stopped before it was done')
  await task.until(() => furnace.outputItem(), SMELT_SECONDS)
}

/** Leave the furnace without what an earlier call left in it. */
async function emptied (task, furnace) {
  if (furnace.outputItem()) await task.wait(furnace.takeOutput(), 5)
  if (furnace.inputItem()) await task.wait(furnace.takeInput(), 5)
  if (furnace.fuelItem()) await task.wait(furnace.takeFuel(), 5)
}

async function taken (task, furnace) {
  if (furnace.outputItem()) await task.wait(furnace.takeOutput(), 5)
  if (furnace.fuelItem()) await task.wait(furnace.takeFuel(), 5)
}

/** Which fuel to burn and how much, the longest burning first; null where there is not enough. */
function fuelPlan (game, item, count, fuel) {
  const held = game.counts()
  const names = fuel ? [fuel] : Object.keys(held).filter((name) => game.fuel(name) && !/_(pickaxe|axe|sword|shovel|hoe)$/.test(name))
  const plan = []
  let wanted = count
  for (const name of names.sort((one, other) => game.fuel(other) - game.fuel(one))) {
    const have = (held[name] ?? 0) - (name === item ? count : 0)
    const amount = Math.min(have, Math.ceil(wanted / game.fuel(name)), 64)
    if (amount <= 0) continue
    plan.push({ name, amount })
    wanted -= amount * game.fuel(name)
    if (wanted <= 0) return plan
  }
  return null
}

function smeltNeeds (game, { item, count, fuel, place, plan }) {
  const parts = [`need ${need(count, [item], game.count(item))}`]
  parts.push(`need a furnace within ${NEAR} blocks${place ? ' (there is one)' : ''}`)
  const held = fuel ? [fuel] : Object.keys(game.counts()).filter((name) => game.fuel(name))
  const have = held.map((name) => `${game.count(name)} ${name}`).join(', ') || 'none'
  parts.push(`need ${plan ? '' : 'more '}fuel: ${fuel ?? FUELS_NAMED.join(' or ')} (have ${have})`)
  return parts.join('; ')
}

module.exports = { craft, smelt }
