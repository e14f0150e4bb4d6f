'use strict'
// Whether things fit before anything is spent for them.
const { Refusal } = require('./channel')

const FULL = 'the inventory is full; deposit or place something first'

/** Throw a Refusal unless `count` of an item fits once all of `used` (name -> count) is gone. */
function checkRoom (game, name, count, used = {}) {
  const held = game.bot.inventory.items()
  const stack = game.registry.itemsByName[name]?.stackSize ?? 64
  const emptied = Object.entries(used).flatMap(([one, taken]) => game.count(one) === taken ? held.filter((item) => item.name === one) : [])
  if (spare(held, name, stack) + (game.bot.inventory.emptySlotCount() + emptied.length) * stack < count) {
    throw new Refusal(`no room for ${count} ${name}: ${FULL}`)
  }
}

/** How many more of an item the stacks of it take. */
const spare = (items, name, stack) => items.filter((one) => one.name === name).reduce((sum, one) => sum + Math.max(0, stack - one.count), 0)

/** How many slots of an open container are empty. */
const freeSlots = (chest) => Math.max(0, chest.inventoryStart - chest.containerItems().length)

/** Throw a Refusal unless `count` of an item fits into an open container. */
function checkChestRoom (game, chest, name, count, at) {
  const stack = game.registry.itemsByName[name]?.stackSize ?? 64
  if (spare(chest.containerItems(), name, stack) + freeSlots(chest) * stack < count) {
    throw new Refusal(`the chest at ${at} is full; use another one`)
  }
}

module.exports = { FULL, checkRoom, checkChestRoom, freeSlots }
