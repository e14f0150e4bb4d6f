'use strict'
// Blocks with a window: crafting table, chest, furnace. A furnace works whether anybody looks or not.
const SMELTED = {
  iron_ore: 'iron_ingot', raw_iron: 'iron_ingot', sand: 'glass', cobblestone: 'stone', oak_log: 'charcoal', beef: 'cooked_beef'
}
const BURNS = { coal: 8, charcoal: 8, oak_planks: 1.5, oak_log: 1.5, stick: 0.5 }
const TICKS = 20
const INPUT = 0
const FUEL = 1
const OUTPUT = 2

/** The stations of the world by position; a crafting table holds nothing, so each opening has its own. */
class Boxes {
  constructor (server) {
    this.server = server
    this.kept = new Map()
    const shift = server.registry.version['>=']('1.20.3') ? 1 : 0
    this.kinds = {
      chest: { type: 2, title: 'container.chest', size: 27, gridWidth: 0 },
      crafting_table: { type: 11 + shift, title: 'container.crafting', size: 10, gridWidth: 3 },
      furnace: { type: 13 + shift, title: 'container.furnace', size: 3, gridWidth: 0, output: OUTPUT }
    }
  }

  make (name) {
    const kind = this.kinds[name]
    return { ...kind, name, slots: Array(kind.size).fill(null), burning: 0, done: 0 }
  }

  at (position, name = 'chest') {
    if (name === 'crafting_table') return this.make(name)
    const key = position.toString()
    if (!this.kept.has(key)) this.kept.set(key, this.make(name))
    return this.kept.get(key)
  }

  /** A station was broken: what it held falls out. */
  spill (position, player) {
    const box = this.kept.get(position.toString())
    this.kept.delete(position.toString())
    for (const item of box?.slots ?? []) if (item) player.windowView.spawn(item)
  }

  smelt (box, Item) {
    const registry = this.server.registry
    const [input, fuel, output] = box.slots
    const made = input && SMELTED[input.name]
    if (!made || (output && (output.name !== made || output.count >= output.stackSize))) {
      box.done = 0
      return false
    }
    let changed = false
    if (box.burning <= 0 && fuel && BURNS[fuel.name]) {
      box.burning = BURNS[fuel.name] * TICKS
      if (--fuel.count === 0) box.slots[FUEL] = null
      changed = true
    }
    if (box.burning <= 0) return changed
    box.burning--
    if (++box.done < TICKS) return changed
    box.done = 0
    if (--input.count === 0) box.slots[INPUT] = null
    if (output) output.count++
    else box.slots[OUTPUT] = new Item(registry.itemsByName[made].id, 1)
    return true
  }
}

exports.server = (server) => {
  const boxes = server.boxes = new Boxes(server)
  server.once('asap', () => {
    const warn = server.warn
    server.warn = () => {}
    for (const name of Object.keys(boxes.kinds)) {
      server.onBlockInteraction(name, async ({ block, player }) => {
        if (player.crouching) return false
        player.windowView.open(boxes.at(block.position, name))
        return true
      })
    }
    server.warn = warn
  })
  server.on('tick', () => {
    const Item = require('prismarine-item')(server.registry)
    for (const box of boxes.kept.values()) {
      if (box.name !== 'furnace' || !boxes.smelt(box, Item)) continue
      for (const player of server.players) if (player.windowView.station === box) player.windowView.sync()
    }
  })
}
