'use strict'
// Reading many blocks at once: by chunk column, without making an object for each block.
const { Vec3 } = require('vec3')

const WIDTH = 16

/** Call `visit(state, x, y, z)` for each loaded block that is no air, within `radius` aside and `height` up and down. */
function eachState (bot, middle, radius, height, visit) {
  const bottom = Math.max(bot.game.minY ?? 0, middle.y - height)
  const top = Math.min((bot.game.minY ?? 0) + (bot.game.height ?? 256) - 1, middle.y + height)
  const at = { x: 0, y: 0, z: 0 }
  for (let cx = Math.floor((middle.x - radius) / WIDTH); cx * WIDTH <= middle.x + radius; cx++) {
    for (let cz = Math.floor((middle.z - radius) / WIDTH); cz * WIDTH <= middle.z + radius; cz++) {
      const column = bot.world.getColumn(cx, cz)
      if (!column) continue
      const [fromX, toX] = range(cx, middle.x, radius)
      const [fromZ, toZ] = range(cz, middle.z, radius)
      for (at.y = bottom; at.y <= top; at.y++) {
        for (at.x = fromX; at.x <= toX; at.x++) {
          for (at.z = fromZ; at.z <= toZ; at.z++) {
            const state = column.getBlockStateId(at)
            if (state) visit(state, cx * WIDTH + at.x, at.y, cz * WIDTH + at.z)
          }
        }
      }
    }
  }
}

/** The part of a chunk, in its own coordinates, that lies within `radius` of `middle`. */
function range (chunk, middle, radius) {
  const start = chunk * WIDTH
  return [Math.max(0, middle - radius - start), Math.min(WIDTH - 1, middle + radius - start)]
}

/** The positions of the blocks of these kinds within `distance` of the bot, nearest first, at most `count`. */
function findKinds (bot, kinds, distance, count) {
  const middle = bot.entity.position.floored()
  const found = []
  eachState(bot, middle, distance, distance, (state, x, y, z) => {
    if (!kinds.some((kind) => state >= kind.minStateId && state <= kind.maxStateId)) return
    const apart = (x - middle.x) ** 2 + (y - middle.y) ** 2 + (z - middle.z) ** 2
    if (apart <= distance * distance) found.push({ apart, at: new Vec3(x, y, z) })
  })
  found.sort((one, other) => one.apart - other.apart)
  return found.slice(0, count).map((one) => one.at)
}

module.exports = { eachState, findKinds }
