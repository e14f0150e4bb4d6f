'use strict'
// Making things: craft and smelt, with errors that say all that is missing, and nothing that is there.
const { Refusal } = require('./channel')
const { Stopped } = require('./task')
const { FURNACE, FUELS_NAMED, NEAR, ingredients, lacking, lacks, plenty, takesAll, timesFor } = require('./recipes')
const { checkRoom } = require('./room')
const { anyOf, need, origin } = require('./wording')
const { approach } = require('./walking')

const SETTLING = 150
const STATION = 4
const SMELT_SECONDS = 11
const MOST_SMELTED = 16

/** Make at least `count` of an item by whole recipes, of the ingredients `using` where there is a choice; the number made. */
async function craft (game, task, { item, count, using = [] }) {
  const bot = game.alive()
  const kind = game.registry.itemsByName[item]
  const every = bot.recipesAll(kind.id, null, true)
  if (!every.length) throw new Refusal(`cannot craft ${item}: no crafting recipe makes it${origin(game, item, 'crafting')}`)
  const table = game.blocks(['crafting_table'], NEAR, 1)[0]
  const { recipe, missing, recipes } = chosen(game, item, every, { count, table, using })
  if (missing) throw new Refusal(`cannot craft ${item}: ${lacking(game, recipes, recipe, count, table)}`)
  const before = game.count(item)
  const times = timesFor(recipe, count)
  const used = Object.fromEntries(ingredients(recipe).map((one) => [game.registry.items[one.id].name, one.count * times]))
  try {
    checkRoom(game, item, times * recipe.result.count, times === 1 ? used : {})
    if (recipe.requiresTable) await approach(game, task, table, STATION)
    const block = recipe.requiresTable ? bot.blockAt(table) : null
    await task.wait(bot.craft(recipe, times, block), 6 + times)
  } catch (error) {
    if (error instanceof Stopped) throw error
    const made = game.count(item) - before
    throw new Refusal(`cannot craft ${item}: ${error.message}${made > 0 ? `; made ${made} of ${count}` : ''}`)
  }
  await task.until(() => game.count(item) > before, 2)
  await task.sleep(SETTLING)
  const made = game.count(item) - before
  if (made <= 0) throw new Refusal(`cannot craft ${item}: the server gave nothing for it`)
  game.tell('event', { text: `crafted ${made} ${item} from ${Object.entries(used).map(([name, amount]) => `${amount} ${name}`).join(', ')}` })
  return made
}

/** The recipe that lacks least, and of those the one whose ingredients there are most of. */
function chosen (game, item, every, { count, table, using }) {
  const recipes = every.filter((recipe) => takesAll(game, recipe, using))
  if (!recipes.length) {
    const names = every.flatMap((recipe) => ingredients(recipe).map((one) => game.registry.items[one.id].name))
    throw new Refusal(`cannot craft ${item} using ${using.join(' and ')}: it takes ${anyOf(names)}`)
  }
  const rated = recipes.map((recipe) => ({ recipe, missing: lacks(game, recipe, count, table), plenty: plenty(game, recipe), recipes }))
  return rated.reduce((best, one) => (one.missing < best.missing || (one.missing === best.missing && one.plenty > best.plenty) ? one : best))
}

/** Turn `count` of an item into what a furnace makes of it; the number made. */
async function smelt (game, task, { item, count, fuel, spared }) {
  const bot = game.alive()
  const result = game.smelted(item)
  if (!result) throw new Refusal(`cannot smelt ${item}: no smelting recipe takes it`)
  if (fuel && !game.fuel(fuel)) throw new Refusal(`cannot smelt ${item}: ${fuel} does not burn; fuels: ${FUELS_NAMED.join(' or ')}`)
  if (count > MOST_SMELTED) throw new Refusal(`cannot smelt ${count} ${item}: one call smelts at most ${MOST_SMELTED}; call again for the rest`)
  const place = game.blocks(['furnace'], NEAR, 1)[0]
  const plan = fuelPlan(game, item, count, fuel, spared)
  if (!place || !plan || game.count(item) < count) {
    throw new Refusal(`cannot smelt ${item}: ${smeltNeeds(game, { item, count, fuel, place, plan })}`)
  }
  const before = game.count(result)
  let furnace
  try {
    checkRoom(game, result, count, { [item]: count })
    await approach(game, task, place, STATION)
    furnace = await task.wait(bot.openFurnace(bot.blockAt(place)), 5)
    await emptied(task, furnace)
    if (!furnace.inputItem()) await task.wait(furnace.putInput(game.registry.itemsByName[item].id, null, count), 5)
    await burn(game, task, furnace, { plan, count, result })
    await taken(task, furnace)
  } catch (error) {
    if (error instanceof Stopped) throw error
    const made = game.count(result) - before
    throw new Refusal(`cannot smelt ${item}: ${error.message}${made > 0 ? `; made ${made} of ${count}` : ''}`)
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
function fuelPlan (game, item, count, fuel, spared) {
  const held = game.counts()
  const names = fuel ? [fuel] : Object.keys(held).filter((name) => name !== spared && game.fuel(name) && !/_(pickaxe|axe|sword|shovel|hoe)$/.test(name))
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
  const parts = game.count(item) < count ? [`need ${need(count, [item], game.count(item))}`] : []
  if (!place) parts.push(FURNACE)
  if (plan) return parts.join('; ')
  const held = fuel ? [fuel] : Object.keys(game.counts()).filter((name) => game.fuel(name))
  const have = held.map((name) => `${game.count(name)} ${name}`).join(', ') || 'none'
  return [...parts, `need more fuel: ${fuel ?? FUELS_NAMED.join(' or ')} (have ${have})`].join('; ')
}

module.exports = { craft, smelt }
