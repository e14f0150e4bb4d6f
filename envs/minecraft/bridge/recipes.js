'use strict'
// What crafting takes: the recipes of the version, their alternatives, and all ways to come by an item.
const { anyOf, need, origin, sources, toolNeeded } = require('./wording')

const NEAR = 16
const COMMON = ['oak_planks', 'oak_log', 'cobblestone', 'coal', 'white_wool']
const FUELS_NAMED = ['coal', 'charcoal', 'oak_log', 'oak_planks', 'stick']
const TABLE = `need a crafting_table within ${NEAR} blocks`
const FURNACE = `need a furnace within ${NEAR} blocks`

const ingredients = (recipe) => recipe.delta.filter((one) => one.count < 0).map((one) => ({ id: one.id, count: -one.count }))
const timesFor = (recipe, count) => Math.ceil(count / recipe.result.count)

/** How many needs of a recipe are not met. */
function lacks (game, recipe, count, table) {
  const missing = ingredients(recipe).filter((one) => game.count(game.registry.items[one.id].name) < one.count * timesFor(recipe, count))
  return missing.length + (recipe.requiresTable && !table ? 1 : 0)
}

/** For how many times the scarcest ingredient of a recipe lasts. */
const plenty = (game, recipe) => Math.min(...ingredients(recipe).map((one) => Math.floor(game.count(game.registry.items[one.id].name) / one.count)))

/** Whether a recipe takes all of these items. */
function takesAll (game, recipe, names) {
  const taken = ingredients(recipe).map((one) => game.registry.items[one.id].name)
  return names.every((name) => taken.includes(name))
}

/** What a recipe needs, each with its alternatives: `{ count, names, have }`. */
function needs (game, recipes, recipe, count) {
  const name = (id) => game.registry.items[id].name
  return ingredients(recipe).map((one) => {
    const names = [one.id, ...alternatives(recipes, recipe, one)].map(name).sort((first, second) => rarity(game, first) - rarity(game, second))
    return { count: one.count * timesFor(recipe, count), names, have: Math.max(...names.map((other) => game.count(other))) }
  })
}

/** What is not there of all that a recipe takes. */
function lacking (game, recipes, recipe, count, table) {
  const missing = needs(game, recipes, recipe, count).filter((one) => one.have < one.count)
  const parts = missing.length ? [`need ${missing.map((one) => need(one.count, one.names, one.have)).join(', ')}`] : []
  if (recipe.requiresTable && !table) parts.push(TABLE)
  return parts.join('; ')
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

/** All ways to come by an item, in the words of the errors, one sentence a line. */
function recipe (game, { item }) {
  const bot = game.alive()
  const recipes = bot.recipesAll(game.registry.itemsByName[item].id, null, true)
  const lines = []
  if (recipes.length) {
    const best = recipes.reduce((one, other) => (lacks(game, other, 1, true) < lacks(game, one, 1, true) ? other : one))
    const makes = best.result.count > 1 ? ` (makes ${best.result.count})` : ''
    const wanted = needs(game, recipes, best, 1).map((one) => `${one.count} ${anyOf(one.names)}`)
    lines.push(`To craft ${item}: need ${wanted.join(', ')}${best.requiresTable ? `; ${TABLE}` : ''}${makes}.`)
  }
  const from = origin(game, item, 'crafting')
  if (from) lines.push(`To ${lines.length ? 'get' : 'craft'} ${item}${from.replace(/^;/, ':')}.`)
  const { smelted, mined } = sources(game, item)
  if (smelted.length) lines.push(`To smelt ${smelted[0]}: need 1 ${smelted[0]}; ${FURNACE}; need fuel: ${FUELS_NAMED.join(' or ')}.`)
  for (const block of mined) {
    const tool = toolNeeded(game.registry, block)
    if (tool) lines.push(`To mine ${block.name}: need ${tool} or better.`)
  }
  return lines.join('\n')
}

module.exports = { FURNACE, FUELS_NAMED, NEAR, ingredients, lacking, lacks, plenty, recipe, takesAll, timesFor }
