'use strict'
// What the tests may ask of the server and do to it: one JSON object a line, one answer each.
const readline = require('node:readline')
const { Vec3 } = require('vec3')
const arena = require('./rules/arena')

const counts = (items) => {
  const held = {}
  for (const item of items) if (item) held[item.name] = (held[item.name] || 0) + item.count
  return held
}

function commands (server) {
  const registry = server.registry
  const Item = require('prismarine-item')(registry)
  const player = (name) => {
    const found = server.players.find((one) => one.username === name)
    if (!found) throw new Error(`nobody called ${name} is here`)
    return found
  }
  const cell = ([x, y, z]) => new Vec3(x, y, z)

  return {
    ping: () => 'pong',
    players: () => server.players.map((one) => one.username),
    player: ({ name }) => {
      const one = player(name)
      return {
        inventory: counts(one.inventory.slots),
        held: one.inventory.slots[36 + one.heldItemSlot]?.name ?? null,
        position: one.position.toArray(),
        health: one.health,
        food: one.food,
        deaths: one.deaths,
        chat: server.said(name)
      }
    },
    block: async ({ at }) => (await server.overworld.getBlock(cell(at))).name,
    setBlock: async ({ at, name }) => {
      await server.setBlock(server.overworld, cell(at), registry.blocksByName[name].defaultState)
    },
    box: ({ at }) => counts(server.boxes.at(cell(at)).slots),
    give: ({ name, item, count = 1 }) => {
      const kind = registry.itemsByName[item]
      const one = player(name)
      for (let left = count; left > 0; left -= kind.stackSize) {
        const slot = one.inventory.firstEmptyInventorySlot()
        one.inventory.updateSlot(slot, new Item(kind.id, Math.min(left, kind.stackSize)))
      }
    },
    clear: ({ name }) => player(name).clearInventory(),
    teleport: ({ name, to }) => player(name).teleport(cell(to)),
    health: ({ name, value }) => player(name).updateHealth(value),
    hunger: ({ name, value }) => player(name).updateFood(value),
    hurt: ({ name, damage }) => player(name).takeDamage({ damage }),
    kick: ({ name, reason }) => player(name).kick(reason),
    say: ({ text }) => server.broadcast(text),
    /** `toss` is how fast what it leaves flies up, in blocks a second. */
    spawn: ({ mob, at, toss = 0 }) => {
      const spawned = server.spawnMob(registry.entitiesByName[mob].id, server.overworld, cell(at))
      return Object.assign(spawned, { toss }).id
    },
    mobs: () => Object.values(server.entities).filter((one) => one.type === 'mob').map((one) => one.name),
    clearMobs: () => {
      for (const one of Object.values(server.entities)) if (one.type !== 'player') one.destroy()
    },
    arena: () => arena.build(server)
  }
}

exports.serve = (server, channel) => {
  const known = commands(server)
  const answer = (value) => channel.write(JSON.stringify(value) + '\n')
  arena.ready(server).then(() => answer({ port: server.listeningPort }))
  const lines = readline.createInterface({ input: channel })
  lines.on('line', async (line) => {
    try {
      const { command, ...rest } = JSON.parse(line)
      answer({ value: (await known[command](rest)) ?? null })
    } catch (error) {
      answer({ error: error.message })
    }
  })
  lines.on('close', () => process.exit(0))
}
