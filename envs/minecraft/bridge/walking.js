'use strict'
// Getting somewhere: every walk is bounded, and a walk that does not get on is ended as stuck.
const { goals } = require('mineflayer-pathfinder')
const { Vec3 } = require('vec3')
const { Refusal } = require('./channel')
const { Stopped, halt } = require('./task')

const STUCK_SECONDS = 6
const STUCK_BLOCKS = 0.4
const LEG = 24
const FARTHEST = 64
const DIRECTIONS = {
  north: [0, -1], northeast: [1, -1], east: [1, 0], southeast: [1, 1], south: [0, 1], southwest: [-1, 1], west: [-1, 0], northwest: [-1, -1]
}

const spot = (position) => `(${[position.x, position.y, position.z].map((n) => Math.round(n * 10) / 10).join(', ')})`

/** Reject when the bot has not moved for `STUCK_SECONDS` and is not digging or placing. */
function watchStuck (bot) {
  let last = bot.entity.position.clone()
  let since = Date.now()
  let timer
  const promise = new Promise((_resolve, reject) => {
    timer = setInterval(() => {
      if (bot.entity.position.distanceTo(last) > STUCK_BLOCKS || bot.targetDigBlock || bot.pathfinder.isMining()) {
        last = bot.entity.position.clone()
        since = Date.now()
      } else if (Date.now() - since > STUCK_SECONDS * 1000) {
        reject(new Refusal(`stuck at ${spot(bot.entity.position)} for ${STUCK_SECONDS} s`))
      }
    }, 250)
  })
  return { promise, end: () => clearInterval(timer) }
}

/** Walk until `goal` is met. Throws a Refusal that says why it is not. */
async function walk (game, task, goal) {
  const bot = game.alive()
  if (goal.isEnd(bot.entity.position.floored())) return
  const stuck = watchStuck(bot)
  const dug = new Map()
  const watch = (block) => dug.set(block.name, (dug.get(block.name) ?? 0) + 1)
  bot.on('diggingCompleted', watch)
  try {
    await task.wait(Promise.race([bot.pathfinder.goto(goal), stuck.promise]))
  } catch (error) {
    halt(bot)
    if (error instanceof Stopped) throw error
    throw new Refusal(wording(error))
  } finally {
    stuck.end()
    bot.removeListener('diggingCompleted', watch)
    if (dug.size) game.tell('event', { text: `dug ${[...dug].map(([name, count]) => `${count} ${name}`).join(', ')} on the way` })
  }
  if (!goal.isEnd(bot.entity.position.floored())) throw new Refusal('there is no way to it')
}

function wording (error) {
  switch (error.name) {
    case 'NoPath': return 'there is no way to it'
    case 'Timeout': return 'no way to it was found in time; go somewhere nearer first'
    case 'PathStopped': case 'GoalChanged': return 'the walk was broken off'
    default: return error.message
  }
}

/** Stand within reach of a block, in sight of it where that can be had. */
async function approach (game, task, position, reach = 3.5) {
  const bot = game.alive()
  if (bot.entity.position.offset(0, 1.6, 0).distanceTo(position.offset(0.5, 0.5, 0.5)) <= reach) return
  await walk(game, task, new goals.GoalNear(position.x, position.y, position.z, Math.max(1, reach - 1)))
}

async function goto (game, task, { position, within }) {
  const { x, y, z } = position
  const reach = Math.max(within, 0.8)
  const bot = game.alive()
  if (bot.entity.position.distanceTo(new Vec3(x, y, z)) <= reach) return place(bot)
  const goal = within < 1
    ? new goals.GoalBlock(Math.floor(x), Math.floor(y), Math.floor(z))
    : new goals.GoalNear(Math.floor(x), Math.floor(y), Math.floor(z), Math.max(1, Math.floor(within)))
  try {
    await walk(game, task, goal)
  } catch (error) {
    throw new Refusal(`cannot go to ${spot(position)}: ${error.message} (you stand at ${spot(bot.entity.position)})`)
  }
  return place(bot)
}

const place = (bot) => ({ x: bot.entity.position.x, y: bot.entity.position.y, z: bot.entity.position.z })

/** The position of a block or mob of this name in view, or null. */
function inView (game, name, radius = 24) {
  const mob = game.registry.entitiesByName[name] && game.mob(name, 32)
  if (mob) return mob.position
  return game.registry.blocksByName[name] ? game.blocks([name], Math.min(radius, FARTHEST), 1)[0] ?? null : null
}

async function explore (game, task, { direction, distance, until }) {
  const bot = game.alive()
  const names = Object.keys(DIRECTIONS)
  const [dx, dz] = DIRECTIONS[direction ?? names[(game.turn = ((game.turn ?? -1) + 3) % 8)]]
  const length = Math.hypot(dx, dz)
  const start = bot.entity.position.clone()
  for (let gone = 0; gone < distance;) {
    const found = until && inView(game, until)
    if (found) return { x: found.x, y: found.y, z: found.z }
    gone = Math.min(distance, gone + LEG)
    const goal = new goals.GoalNearXZ(start.x + dx / length * gone, start.z + dz / length * gone, 3)
    try {
      await walk(game, task, goal)
    } catch (error) {
      if (error instanceof Stopped && !task.reason.startsWith('out of time')) throw error
      break
    }
  }
  const found = until && inView(game, until)
  return found ? { x: found.x, y: found.y, z: found.z } : null
}

module.exports = { walk, approach, goto, explore, inView, spot, place, DIRECTIONS }
