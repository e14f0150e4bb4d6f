'use strict'
// Taking from the world and putting into it: mine, place, kill.
const { goals } = require('mineflayer-pathfinder')
const { Vec3 } = require('vec3')
const { Refusal } = require('./channel')
const { collect, total } = require('./collecting')
const { Stopped } = require('./task')
const { FULL } = require('./room')
const { anyOf, drops, toolNeeded } = require('./wording')
const { approach, spot, walk } = require('./walking')

const SEARCHED = 16
const SEEN = 32
const ON_THE_WAY = 6
const DIG_TRIES = 3
const CHASES = 3
const WEAPONS = ['netherite', 'diamond', 'iron', 'stone', 'golden', 'wooden'].flatMap((tier) => [`${tier}_sword`, `${tier}_axe`])
const FACES = [[0, -1, 0], [-1, 0, 0], [1, 0, 0], [0, 0, -1], [0, 0, 1], [0, 1, 0]].map(([x, y, z]) => new Vec3(x, y, z))

/** Mine `count` blocks of a name, nearest first; the number of items gathered. */
async function mine (game, task, { block, count, distance = SEARCHED }) {
  const kind = game.registry.blocksByName[block]
  const before = total(game)
  const passed = new Set()
  const gone = new Set()
  // Digging on the way counts too; a block that the server puts back does not.
  const watch = (old, now) => {
    if (!now || now.position.distanceTo(game.bot.entity.position) > ON_THE_WAY) return
    if (now.type === kind.id) gone.delete(`${now.position}`)
    else if (old?.type === kind.id) gone.add(`${now.position}`)
  }
  game.bot.on('blockUpdate', watch)
  try {
    while (gone.size < count) {
      game.alive()
      checkMinable(game, kind)
      await mineNearest(game, task, kind, distance, passed)
    }
  } catch (error) {
    if (!(error instanceof Refusal)) throw error
    const done = gone.size ? `mined ${gone.size} of ${count} ${block}, then ` : ''
    throw new Refusal(`${done}cannot mine ${block}: ${error.message}`)
  } finally {
    game.bot.removeListener('blockUpdate', watch)
  }
  const gathered = Math.max(0, total(game) - before)
  if (!gathered) game.tell('event', { text: `mined ${gone.size} ${block} and got nothing: ${nothingLeft(game, kind)}` })
  return gathered
}

/** Why mining a block left nothing. */
function nothingLeft (game, kind) {
  const names = drops(kind).map((id) => game.registry.items[id]?.name).filter(Boolean)
  return names.length ? `it leaves only sometimes ${anyOf(names)}` : 'it leaves nothing, at least without a tool of silk touch or shears'
}

function checkMinable (game, kind) {
  if (!kind.diggable || kind.hardness === null || kind.hardness < 0) throw new Refusal('nothing breaks it')
  const least = toolNeeded(game.registry, kind)
  if (least && !game.bot.inventory.items().some((item) => kind.harvestTools[item.type])) {
    throw new Refusal(`need ${least} or better (holding ${game.bot.heldItem?.name ?? 'no such tool'})`)
  }
  if (game.bot.inventory.emptySlotCount() === 0 && !hasRoom(game, kind)) {
    throw new Refusal(FULL)
  }
}

function hasRoom (game, kind) {
  const loose = (id) => game.bot.inventory.items().some((item) => item.type === id && item.count < item.stackSize)
  return drops(kind).every(loose)
}

async function mineNearest (game, task, kind, distance, passed) {
  const { bot } = game
  const places = game.blocks([kind.name], distance).filter((place) => !passed.has(`${place}`))
  if (!places.length) throw new Refusal(`none within ${distance} tiles${passed.size ? ' that can be reached' : ''}; explore to find one`)
  const eye = bot.entity.position
  places.sort((one, other) => one.distanceTo(eye) + Math.abs(one.y - eye.y) - other.distanceTo(eye) - Math.abs(other.y - eye.y))
  let problem
  for (const place of places.slice(0, 4)) {
    try {
      await approach(game, task, place)
    } catch (error) {
      if (error instanceof Stopped) throw error
      passed.add(`${place}`)
      problem = `found at ${spot(place)}, but ${error.message}`
      continue
    }
    return digAndCollect(game, task, place, kind)
  }
  throw new Refusal(problem)
}

async function digAndCollect (game, task, place, kind) {
  const { bot } = game
  const block = bot.blockAt(place)
  if (block?.type !== kind.id) return mineNearest(game, task, kind, SEARCHED, new Set())
  await task.wait(bot.tool.equipForBlock(block, { requireHarvest: Boolean(kind.harvestTools) }), 5)
  const held = total(game)
  await dig(game, task, block)
  await task.sleep(200)
  if (bot.blockAt(place)?.type === kind.id) {
    throw new Refusal(`the server put the block at ${spot(place)} back; is it protected (spawn protection, a claim)? Mine farther away`)
  }
  if ((kind.drops ?? []).length) await collect(game, task, place, held)
}

/** Dig a block; begun again where the walk before it was still winding down. */
async function dig (game, task, block) {
  for (let tries = 1; ; tries++) {
    try {
      return await task.wait(game.bot.dig(block, true), game.bot.digTime(block) / 1000 + 6)
    } catch (error) {
      if (error instanceof Refusal || tries === DIG_TRIES) throw error instanceof Refusal ? error : new Refusal(error.message)
      await task.sleep(250)
    }
  }
}

/** Place a held block at `position`, or beside the bot; where it was placed. */
async function placeBlock (game, task, { block: name, position }) {
  const { bot } = game
  const item = bot.inventory.items().find((one) => one.name === name)
  if (!item) throw new Refusal(`cannot place ${name}: need 1 ${name} (have 0)`)
  if (!game.registry.blocksByName[name] && !/_bucket$|seeds|^(redstone|string|carrot|potato|sweet_berries)$/.test(name)) {
    throw new Refusal(`cannot place ${name}: it is not something that can be placed`)
  }
  const where = position ? new Vec3(position.x, position.y, position.z).floored() : freeCell(game, name)
  const there = bot.blockAt(where)
  if (!there) throw new Refusal(`cannot place ${name} at ${spot(where)}: that part of the world is not loaded; go nearer`)
  if (there.boundingBox !== 'empty') throw new Refusal(`cannot place ${name} at ${spot(where)}: the place is taken (${there.name})`)
  const face = FACES.find((one) => { const next = bot.blockAt(where.plus(one)); return next && next.boundingBox === 'block' })
  if (!face) throw new Refusal(`cannot place ${name} at ${spot(where)}: there is no block beside it to place it against`)
  try {
    await approach(game, task, where, 4)
    await stepAside(game, task, where)
    await task.wait(bot.equip(item, 'hand'), 5)
    const against = bot.blockAt(where.plus(face))
    await task.wait(bot._genericPlace(against, face.scaled(-1), { swingArm: 'right', forceLook: true }), 5)
  } catch (error) {
    if (error instanceof Stopped || !(error instanceof Error)) throw error
    throw new Refusal(`cannot place ${name} at ${spot(where)}: ${error.message}`)
  }
  const placed = await task.until(() => { const now = bot.blockAt(where); return now && now.type !== there.type }, 2)
  await task.sleep(150)
  if (!placed || bot.blockAt(where)?.type === there.type) {
    throw new Refusal(`cannot place ${name} at ${spot(where)}: the server did not allow it; is it protected (spawn protection, a claim)?`)
  }
  game.tell('placed', { name })
  game.placed.add(`${where}`)
  return { x: where.x, y: where.y, z: where.z }
}

function freeCell (game, name) {
  const { bot } = game
  const feet = bot.entity.position.floored()
  for (const distance of [1, 2, 3]) {
    for (const up of [0, 1, -1]) {
      for (let dx = -distance; dx <= distance; dx++) {
        for (let dz = -distance; dz <= distance; dz++) {
          if (Math.max(Math.abs(dx), Math.abs(dz)) !== distance) continue
          const cell = feet.offset(dx, up, dz)
          const below = bot.blockAt(cell.offset(0, -1, 0))
          if (bot.blockAt(cell)?.name === 'air' && bot.blockAt(cell.offset(0, 1, 0))?.name === 'air' && below?.boundingBox === 'block') return cell
        }
      }
    }
  }
  throw new Refusal(`cannot place ${name}: no free place next to you; move or mine a block first`)
}

/** Leave the cell in which a block is to stand. */
async function stepAside (game, task, where) {
  const { bot } = game
  const feet = bot.entity.position.floored()
  if (!feet.equals(where) && !feet.offset(0, 1, 0).equals(where)) return
  await walk(game, task, new goals.GoalInvert(new goals.GoalNear(where.x, where.y, where.z, 1)))
}

/** Hunt and kill `count` mobs of a name; the number of items gathered. */
async function kill (game, task, { mob, count }) {
  const before = total(game)
  for (let killed = 0; killed < count; killed++) {
    try {
      await killNearest(game, task, mob)
    } catch (error) {
      if (!(error instanceof Refusal)) throw error
      throw new Refusal(`${killed ? `killed ${killed} of ${count} ${mob}, then ` : ''}cannot kill ${mob}: ${error.message}`)
    }
  }
  return Math.max(0, total(game) - before)
}

async function killNearest (game, task, name) {
  const bot = game.alive()
  const target = game.mob(name, SEEN)
  if (!target) throw new Refusal('none in view; explore to find one')
  if (bot.inventory.emptySlotCount() === 0) throw new Refusal(FULL)
  const weapon = WEAPONS.map((kind) => bot.inventory.items().find((item) => item.name === kind)).find(Boolean)
  if (weapon) await task.wait(bot.equip(weapon, 'hand'), 5)
  const held = total(game)
  let dead = false
  const watch = (one) => { if (one === target) dead = true }
  bot.on('entityDead', watch)
  bot.on('entityGone', watch)
  try {
    while (!dead && target.isValid) {
      if (target.position.distanceTo(bot.entity.position) > 3) {
        await chase(game, task, target)
      }
      await task.wait(bot.lookAt(target.position.offset(0, (target.height ?? 1) * 0.7, 0), true), 2)
      bot.attack(target)
      await task.until(() => dead || !target.isValid, 0.65)
    }
  } finally {
    bot.removeListener('entityDead', watch)
    bot.removeListener('entityGone', watch)
  }
  if (target.position.distanceTo(bot.entity.position) > 8) throw new Refusal('it got away')
  game.tell('killed', { name })
  await collect(game, task, target.position.clone(), held)
}

/** Come within reach of a mob; there is no way to one that leaps or is thrown back until it has come down. */
async function chase (game, task, target) {
  for (let tries = 1; ; tries++) {
    try {
      return await walk(game, task, new goals.GoalFollow(target, 2))
    } catch (error) {
      if (error instanceof Stopped) throw error
      if (!target.isValid) return
      if (tries === CHASES) throw error
      await task.sleep(500)
    }
  }
}

module.exports = { mine, placeBlock, kill }
