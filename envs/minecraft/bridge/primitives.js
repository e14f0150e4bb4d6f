'use strict'
// The functions that programs of published Voyager libraries call, by their names. They are written again over the same
// machinery as the primitives of Python programs. As there, `bot` comes first, and a shortage is said in the chat and
// is no error, while a wrong name or type is one.
const { goals } = require('mineflayer-pathfinder')
const { Vec3 } = require('vec3')
const gathering = require('./gathering')
const living = require('./living')
const making = require('./making')
const { freeSlots } = require('./room')
const { approach, walk } = require('./walking')
const { Refusal } = require('./channel')
const { Stopped, Task } = require('./task')

const FAR = 32
const FAILURES = 10
const CALL_SECONDS = 120
const LONGEST_WALK = 1200

function primitivesFor (scene) {
  const { game } = scene
  const registry = game.registry
  const failures = {}

  /** Run a part as a task of its own, within the program's. */
  const within = async (seconds, act) => {
    scene.task.check()
    const task = new Task(game.alive(), seconds)
    const stop = () => task.stop(scene.task.reason)
    scene.task.stops.add(stop)
    try {
      return await act(task)
    } finally {
      scene.task.stops.delete(stop)
      task.close()
    }
  }

  /** What the world does not allow is said, and only said, up to a number of times. */
  const reporting = async (name, act) => {
    try {
      return await act()
    } catch (error) {
      if (!(error instanceof Refusal) || error instanceof Stopped) throw error
      scene.chat(error.message)
      failures[name] = (failures[name] ?? 0) + 1
      if (failures[name] > FAILURES) throw new Error(`${name} failed ${failures[name]} times; the last time: ${error.message}`)
      return undefined
    }
  }

  const known = (kind, table, name) => {
    if (typeof name !== 'string') throw new TypeError(`the name of the ${kind} must be a string, not ${typeof name}`)
    if (!Object.hasOwn(table, name)) throw new Error(`there is no ${kind} named ${name}${nearest(name, table)}`)
    return table[name]
  }
  const number = (what, value) => {
    if (typeof value !== 'number' || !(value >= 0)) throw new TypeError(`${what} must be a number, not ${value}`)
  }
  const place = (value) => {
    if (!value || [value.x, value.y, value.z].some((part) => typeof part !== 'number')) throw new TypeError('a position must be a Vec3')
    return new Vec3(value.x, value.y, value.z).floored()
  }

  const withChest = async (position, act) => {
    const where = place(position)
    return within(CALL_SECONDS, async (task) => {
      const block = game.bot.blockAt(where)
      if (!living.CHESTS.includes(block?.name)) throw new Error(`no chest at ${where}, it is ${block?.name ?? 'out of sight'}`)
      await approach(game, task, where, 4)
      const chest = await task.wait(game.bot.openContainer(block), 5)
      try {
        return await act(chest, task)
      } finally {
        game.open(where, living.contents(chest), freeSlots(chest))
        chest.close()
      }
    })
  }
  const transfer = (items, act) => async (chest, task) => {
    for (const [name, count] of Object.entries(items)) {
      const item = known('item', registry.itemsByName, name)
      await reporting('chest', () => task.wait(act(chest, item.id, count).catch((error) => { throw new Refusal(error.message) }), 10))
    }
  }

  return {
    async mineBlock (_bot, name, count = 1) {
      number('count', count)
      known('block', registry.blocksByName, name)
      return reporting('mineBlock', () => within(CALL_SECONDS, (task) => gathering.mine(game, task, { block: name, count, distance: FAR })))
    },
    async craftItem (_bot, name, count = 1) {
      number('count', count)
      const item = known('item', registry.itemsByName, name)
      const each = registry.recipes[item.id]?.[0]?.result.count ?? 1
      return reporting('craftItem', () => within(CALL_SECONDS, (task) => making.craft(game, task, { item: name, count: count * each })))
    },
    async smeltItem (_bot, itemName, fuelName, count = 1) {
      number('count', count)
      known('item', registry.itemsByName, itemName)
      known('item', registry.itemsByName, fuelName)
      return reporting('smeltItem', () => within(CALL_SECONDS + 12 * count, (task) => making.smelt(game, task, { item: itemName, fuel: fuelName, count })))
    },
    async placeItem (_bot, name, position) {
      known('item', registry.itemsByName, name)
      return reporting('placeItem', () => within(CALL_SECONDS, (task) => gathering.placeBlock(game, task, { block: name, position: place(position) })))
    },
    async killMob (_bot, mobName, timeout = 300) {
      known('mob', registry.entitiesByName, mobName)
      return reporting('killMob', () => within(timeout, (task) => gathering.kill(game, task, { mob: mobName, count: 1 })))
    },
    async exploreUntil (_bot, direction, maxTime = 60, callback = () => false) {
      number('maxTime', maxTime)
      if (typeof callback !== 'function') throw new TypeError('the callback of exploreUntil must be a function')
      const { x, z } = direction ?? {}
      if (![x, z].every((part) => [-1, 0, 1].includes(part)) || (x === 0 && z === 0 && !direction.y)) {
        throw new TypeError('the direction of exploreUntil must be a Vec3 of -1, 0 and 1, and not all 0')
      }
      return within(Math.min(maxTime, LONGEST_WALK), (task) => explore(game, task, { x, z }, callback))
    },
    getItemFromChest: (_bot, position, items) => withChest(position, transfer(items, (chest, id, count) => chest.withdraw(id, null, count))),
    depositItemIntoChest: (_bot, position, items) => withChest(position, transfer(items, (chest, id, count) => chest.deposit(id, null, count))),
    checkItemInsideChest: (_bot, position) => withChest(position, async (chest) => { scene.chat(`in the chest: ${JSON.stringify(living.contents(chest))}`) }),
    moveToChest: (_bot, position) => within(CALL_SECONDS, (task) => approach(game, task, place(position), 3)),
    listItemsInChest: (_bot, block) => withChest(block.position, async (chest) => chest.containerItems().map((item) => [item.name, item.count])),
    closeChest: async () => { if (game.bot.currentWindow) game.bot.closeWindow(game.bot.currentWindow) },
    waitForMobRemoved: (_bot, entity, timeout = 300) => within(timeout, (task) => task.until(() => !entity?.isValid, timeout)),
    waitForMobShot: (_bot, entity, timeout = 300) => within(timeout, (task) => task.until(() => !entity?.isValid, timeout)),
    shoot: (_bot, weapon, target) => within(CALL_SECONDS, (task) => shoot(game, task, weapon, target))
  }
}

/** Walk on in a direction until `callback` finds something; what it found, or null. */
async function explore (game, task, { x, z }, callback) {
  for (;;) {
    const found = callback()
    if (found) return found
    const here = game.bot.entity.position
    try {
      await walk(game, task, new goals.GoalNearXZ(here.x + 12 * x, here.z + 12 * z, 2))
    } catch (error) {
      if (task.reason?.startsWith('out of time')) return null
      if (error instanceof Stopped) throw error
      throw new Refusal(`cannot explore on: ${error.message}`)
    }
    if (x === 0 && z === 0) return callback() || null
  }
}

async function shoot (game, task, weapon, target) {
  const { bot } = game
  const item = bot.inventory.items().find((one) => one.name === weapon)
  if (!item) throw new Error(`no ${weapon} to shoot with`)
  const entity = typeof target === 'string' ? game.mob(target, 48) : target
  if (!entity) throw new Error(`no ${target} in view`)
  await task.wait(bot.equip(item, 'hand'), 5)
  await task.wait(bot.lookAt(entity.position.offset(0, entity.height ?? 1, 0), true), 2)
  bot.activateItem()
  await task.sleep(1200)
  bot.deactivateItem()
}

/** `; did you mean x?` for a name that is a little wrong. */
function nearest (name, table) {
  const words = new Set(name.toLowerCase().split(/[_\s]+/))
  const rated = Object.keys(table).map((one) => ({ one, shared: one.split('_').filter((word) => words.has(word)).length }))
  const [best] = rated.sort((first, second) => second.shared - first.shared || first.one.length - second.one.length)
  return best?.shared ? `; did you mean ${best.one}?` : ''
}

module.exports = { primitivesFor }
