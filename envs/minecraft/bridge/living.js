'use strict'
// The body and its belongings: eat, equip, chests, waiting, speaking.
const { Vec3 } = require('vec3')
const { Refusal } = require('./channel')
const { Stopped } = require('./task')
const { checkChestRoom, checkRoom, freeSlots } = require('./room')
const { approach, spot } = require('./walking')

const CHESTS = ['chest', 'trapped_chest', 'barrel']
const NEAR = 16
const MOST_NEAR = 16
const SETTLING = 100
const FULL = 20
const SLOTS = { helmet: 'head', chestplate: 'torso', leggings: 'legs', boots: 'feet', elytra: 'torso', shield: 'off-hand' }

async function eat (game, task, { item, spared }) {
  const bot = game.alive()
  const foods = game.registry.foodsByName
  if (item && !foods[item]) throw new Refusal(`cannot eat ${item}: it is not food`)
  if (item && !game.count(item)) throw new Refusal(`cannot eat ${item}: need 1 ${item} (have 0)`)
  const food = bot.inventory.items().filter((one) => foods[one.name] && (!item || one.name === item))
  if (!food.length) throw new Refusal('cannot eat: you hold no food')
  const held = item ? food : food.filter((one) => one.name !== spared)
  if (!held.length) throw new Refusal(`cannot eat: you hold no food but ${spared}, which the task is for; name it to eat it`)
  const missing = FULL - bot.food
  if (missing <= 0) throw new Refusal('cannot eat: you are not hungry')
  const distance = (one) => Math.abs(foods[one.name].foodPoints - missing)
  const chosen = held.reduce((best, one) => (distance(one) < distance(best) ? one : best))
  await task.wait(bot.equip(chosen, 'hand'), 5)
  await task.wait(bot.consume().catch((error) => { throw new Refusal(`cannot eat ${chosen.name}: ${error.message}`) }), 6)
  return chosen.name
}

async function equip (game, task, { item }) {
  const bot = game.alive()
  const worn = bot.inventory.slots.find((one) => one?.name === item)
  if (!worn) throw new Refusal(`cannot equip ${item}: need 1 ${item} (have 0)`)
  const slot = SLOTS[item.split('_').at(-1)] ?? 'hand'
  await task.wait(bot.equip(worn.type, slot).catch((error) => { throw new Refusal(`cannot equip ${item}: ${error.message}`) }), 5)
  await task.sleep(SETTLING)
  return slot
}

/** Put items into a chest; the number put in. */
async function deposit (game, task, { item, count, position }) {
  const have = game.count(item)
  if (have < count) throw new Refusal(`cannot deposit ${item}: need ${count} ${item} (have ${have})`)
  const id = game.registry.itemsByName[item].id
  const put = (chest, at) => {
    checkChestRoom(game, chest, item, count, at)
    return chest.deposit(id, null, count)
  }
  return withChest(game, task, 'deposit', item, position, put, count)
}

/** Take items out of a chest; the number taken. */
async function withdraw (game, task, { item, count, position }) {
  const id = game.registry.itemsByName[item].id
  const take = (chest) => {
    const there = chest.containerItems().filter((one) => one.type === id).reduce((sum, one) => sum + one.count, 0)
    if (there < count) throw new Refusal(`the chest holds ${there} of ${count} ${item}`)
    checkRoom(game, item, count)
    return chest.withdraw(id, null, count)
  }
  return withChest(game, task, 'withdraw', item, position, take, count)
}

async function withChest (game, task, action, item, position, act, count) {
  const bot = game.alive()
  const where = chestPlace(game, action, item, position, count)
  let chest
  try {
    await approach(game, task, where, 4)
    chest = await task.wait(bot.openContainer(bot.blockAt(where)), 5)
    game.open(where, contents(chest), freeSlots(chest))
    await task.wait(act(chest, spot(where)), 5 + count / 16)
    game.open(where, contents(chest), freeSlots(chest))
    return count
  } catch (error) {
    if (error instanceof Stopped) throw error
    throw new Refusal(`cannot ${action} ${item}: ${error.message}`)
  } finally {
    if (chest) {
      chest.close()
      await new Promise((resolve) => setTimeout(resolve, 100))
    }
  }
}

/** The chest at a position, or the nearest one that, as far as is known, has room or what is wanted. */
function chestPlace (game, action, item, position, count) {
  if (!position) {
    const found = game.blocks(CHESTS, NEAR, MOST_NEAR)
    if (!found.length) throw new Refusal(`cannot ${action} ${item}: need a chest within ${NEAR} blocks`)
    const serves = (place) => action === 'deposit' ? game.room.get(spot(place)) !== 0 : (game.opened.get(spot(place))?.[item] ?? 0) >= count
    return found.find(serves) ?? found[0]
  }
  const where = new Vec3(position.x, position.y, position.z).floored()
  if (!CHESTS.includes(game.bot.blockAt(where)?.name)) throw new Refusal(`cannot ${action} ${item}: no chest at ${spot(where)}`)
  return where
}

function contents (chest) {
  const held = {}
  for (const one of chest.containerItems()) held[one.name] = (held[one.name] ?? 0) + one.count
  return held
}

async function wait (game, task, { ticks }) {
  game.alive()
  await task.sleep(ticks * 50)
}

async function say (game, task, { text }) {
  game.alive().chat(text)
  await task.sleep(SETTLING)
  game.tell('event', { text: `said: ${text}` })
}

module.exports = { eat, equip, deposit, withdraw, wait, say, contents, CHESTS }
