'use strict'
// Picking up what lies about after a block was mined or a mob killed.
const { goals } = require('mineflayer-pathfinder')
const { Stopped } = require('./task')
const { walk } = require('./walking')
const { Refusal } = require('./channel')

/** How far what is dropped may lie from where it was: what lies farther off may be another player's. */
const ASIDE = 3
const HIGHER_OR_LOWER = 8
const DEEPEST_FALL = 16
/** How long something may take to appear, and everything together to be picked up. */
const APPEARING = 2
const COLLECTING = 20
/** How long a thing beside the bot may stay there: what a player drops can be taken up after two seconds only. */
const BESIDE = 1.2
const UPON = 3
const BOOKED = 2
const PAUSE = 150

const total = (game) => Object.values(game.counts()).reduce((sum, count) => sum + count, 0)

/**
 * Walk over what lies around `place` until it is picked up and shows in the inventory; what cannot be reached stays.
 * @param held how many items were held before any of it could be picked up
 */
async function collect (game, task, place, held) {
  const { bot } = game
  let taken = 0
  const left = new Set()
  const watch = (collector) => { if (collector === bot.entity) taken++ }
  const lying = () => Object.values(bot.entities)
    .filter((one) => one.name === 'item' && !left.has(one.id) && isNear(one.position, place))
  const end = Date.now() + COLLECTING * 1000
  bot.on('playerCollect', watch)
  try {
    await task.until(() => lying().length > 0 || total(game) > held, APPEARING)
    while (lying().length && Date.now() < end && bot.inventory.emptySlotCount() > 0) {
      const here = bot.entity.position
      const [item] = lying().sort((one, other) => one.position.distanceTo(here) - other.position.distanceTo(here))
      if (!await pickUp(game, task, item)) left.add(item.id)
    }
    // The server takes the thing away first and fills the inventory afterwards.
    await task.until(() => total(game) >= held + taken, BOOKED)
  } finally {
    bot.removeListener('playerCollect', watch)
  }
}

const isNear = (position, place) => position.xzDistanceTo(place) <= ASIDE && Math.abs(position.y - place.y) <= HIGHER_OR_LOWER

/** Stand where an item lies or is about to fall; whether it is gone then. */
async function pickUp (game, task, item) {
  const gone = () => game.bot.entities[item.id] !== item
  for (const [goalAt, seconds] of [[beside, BESIDE], [upon, UPON]]) {
    const goal = await reached(game, task, item, goalAt)
    if (gone()) return true
    if (!goal) return false
    if (await task.until(gone, seconds)) return true
  }
  return false
}

const beside = ({ x, y, z }) => new goals.GoalNear(x, y, z, 1)
const upon = ({ x, y, z }) => new goals.GoalBlock(x, y, z)

/** Walk to where an item falls to, again where it turned out to fall elsewhere; whether the bot got there. */
async function reached (game, task, item, goalAt) {
  for (;;) {
    const fallen = landing(game.bot, item.position)
    try {
      await walk(game, task, goalAt(fallen))
      return true
    } catch (error) {
      if (!(error instanceof Refusal) || error instanceof Stopped) throw error
    }
    await task.sleep(PAUSE)
    if (game.bot.entities[item.id] !== item || landing(game.bot, item.position).equals(fallen)) return false
  }
}

/** The cell on the ground below a thing in the air. */
function landing (bot, position) {
  const cell = position.floored()
  for (let fall = 0; fall < DEEPEST_FALL; fall++) {
    const below = bot.blockAt(cell.offset(0, -fall - 1, 0))
    if (!below || below.boundingBox === 'block') return cell.offset(0, -fall, 0)
  }
  return cell
}

module.exports = { collect, total }
