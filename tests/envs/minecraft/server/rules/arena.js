'use strict'
// The ground the tests walk on: a flat world with a little of everything around its middle.
const { Vec3 } = require('vec3')

const TREES = [[5, 3], [7, -2], [-4, 6], [3, 9], [-7, -3], [10, 5], [-3, -9], [2, -8]]
const ROCKS = {
  stone: [[-6, 2], [-6, 3], [-6, 4], [-7, 2], [-7, 3], [-7, 4], [-8, 2], [-8, 3], [-8, 4]],
  coal_ore: [[0, 7], [1, 7]],
  iron_ore: [[0, -6], [1, -6]],
  sand: [[4, -5], [5, -5]]
}
const HEIGHT = 4
const RADIUS = 12

let floor

/** The y of the lowest air above the middle, as it was at first. */
async function ground (server) {
  floor ??= await highest(server)
  return floor
}

async function highest (server) {
  for (let y = 100; y > -60; y--) {
    const block = await server.overworld.getBlock(new Vec3(0, y, 0))
    if (block && block.type !== 0) return y + 1
  }
  throw new Error('there is no ground')
}

/** Take away what an earlier test left: blocks in the air, holes in the ground, things in chests. */
async function clear (server, floor) {
  server.boxes.kept.clear()
  const { air, grass_block: grass } = server.registry.blocksByName
  for (let x = -RADIUS; x <= RADIUS; x++) {
    for (let z = -RADIUS; z <= RADIUS; z++) {
      for (let y = floor - 1; y < floor + HEIGHT + 2; y++) {
        const at = new Vec3(x, y, z)
        const wanted = y < floor ? grass : air
        if ((await server.overworld.getBlockType(at)) !== wanted.id) await server.setBlock(server.overworld, at, wanted.defaultState)
      }
    }
  }
}

async function build (server) {
  await ground(server)
  const put = (x, y, z, name) => server.setBlock(
    server.overworld, new Vec3(x, y, z), server.registry.blocksByName[name].defaultState
  )
  await clear(server, floor)
  for (const [x, z] of TREES) for (let up = 0; up < HEIGHT; up++) await put(x, floor + up, z, 'oak_log')
  for (const [name, places] of Object.entries(ROCKS)) {
    for (const [x, z] of places) for (let up = 0; up < 2; up++) await put(x, floor + up, z, name)
  }
  return floor
}

exports.build = build

/** Settles when the ground is laid. */
exports.ready = (server) => server.arenaReady ?? Promise.resolve()

exports.server = (server, chosen) => {
  server.once('pluginsReady', () => {
    server.getSpawnPoint = async () => new Vec3(0.5, await ground(server), 0.5)
    if (chosen.arena !== false) server.arenaReady = build(server)
  })
}
