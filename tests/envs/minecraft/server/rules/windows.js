'use strict'
// Inventory windows as a real server keeps them: clicks, a cursor, the crafting grid, the player's own slots.
const crafting = require('./crafting')

const OUTSIDE = -999
const WHOLE = 46

/** What a player's open window shows: the station's slots first, then the player's 36; or the inventory itself. */
class View {
  constructor (player, server) {
    this.player = player
    this.server = server
    this.registry = server.registry
    this.Item = require('prismarine-item')(server.registry)
    this.station = null
    this.id = 0
    this.cursor = null
    this.state = 1
  }

  get own () { return this.station ? this.station.slots.length : 0 }
  get size () { return this.station ? this.own + 36 : WHOLE }
  get gridWidth () { return this.station ? this.station.gridWidth : 2 }

  get (slot) {
    return (slot < this.own ? this.station.slots[slot] : this.player.inventory.slots[this.mine(slot)]) ?? null
  }

  set (slot, item) {
    const kept = item && item.count > 0 ? item : null
    if (slot < this.own) {
      this.station.slots[slot] = kept
    } else {
      this.player.inventory.slots[this.mine(slot)] = kept
      if (kept) kept.slot = this.mine(slot)
    }
  }

  /** The place in the player's inventory of a slot of this window. */
  mine (slot) { return this.station ? slot - this.own + 9 : slot }

  part (item, count) {
    const copy = this.Item.fromNotch(this.Item.toNotch(item))
    copy.count = count
    return copy
  }

  /** Put as much of `item` as fits into slots `from` to `to`; what is left stays in `item.count`. */
  store (item, from, to) {
    for (let slot = from; slot < to && item.count; slot++) {
      const there = this.get(slot)
      if (there?.type !== item.type) continue
      const moved = Math.min(item.count, there.stackSize - there.count)
      there.count += moved
      item.count -= moved
    }
    for (let slot = from; slot < to && item.count; slot++) {
      if (this.get(slot)) continue
      this.set(slot, this.part(item, item.count))
      item.count = 0
    }
  }

  isOutput (slot) {
    return slot === (this.gridWidth ? 0 : this.station?.output ?? -1)
  }

  /** After an output was taken: a crafting grid pays for it. */
  pay (made) {
    this.player.crafted(made.type, made.count)
    for (let slot = 1; slot <= this.gridWidth ** 2; slot++) {
      const item = this.get(slot)
      if (item) {
        item.count--
        this.set(slot, item)
      }
    }
  }

  click ({ slot, mouseButton, mode }) {
    if (slot === OUTSIDE) return this.dropCursor(mode)
    switch (mode) {
      case 0: return this.isOutput(slot) ? this.takeOutput(slot) : this.pick(slot, mouseButton === 1)
      case 1: return this.shift(slot)
      case 4: return this.throw(slot, mouseButton === 1)
    }
  }

  dropCursor (mode) {
    if (mode !== 0 || !this.cursor) return
    this.spawn(this.cursor)
    this.cursor = null
  }

  takeOutput (slot) {
    const made = this.get(slot)
    if (!made) return
    const held = this.cursor
    if (held && (held.type !== made.type || held.count + made.count > held.stackSize)) return
    this.cursor = this.part(made, made.count + (held?.count ?? 0))
    if (this.gridWidth) this.pay(made)
    else this.set(slot, null)
  }

  pick (slot, one) {
    const there = this.get(slot)
    const held = this.cursor
    if (!held && there) {
      const count = one ? Math.ceil(there.count / 2) : there.count
      this.cursor = this.part(there, count)
      there.count -= count
      this.set(slot, there)
    } else if (held && (!there || there.type === held.type)) {
      const room = there ? there.stackSize - there.count : held.stackSize
      const count = Math.min(one ? 1 : held.count, room)
      this.set(slot, this.part(held, count + (there?.count ?? 0)))
      held.count -= count
    } else if (held) {
      this.set(slot, held)
      this.cursor = there
    }
    if (this.cursor?.count === 0) this.cursor = null
  }

  shift (slot) {
    const there = this.get(slot)
    if (!there) return
    const moved = this.part(there, there.count)
    if (this.station) {
      if (slot < this.own) this.store(moved, this.own, this.size)
      else if (!this.gridWidth) this.store(moved, 0, this.own)
    } else {
      const [from, to] = slot < 9 ? [9, 45] : slot < 36 ? [36, 45] : [9, 36]
      this.store(moved, from, to)
    }
    if (this.gridWidth && slot === 0) {
      if (moved.count === 0) this.pay(there)
      return
    }
    there.count = moved.count
    this.set(slot, there)
  }

  throw (slot, all) {
    const there = this.get(slot)
    if (!there) return
    const count = all ? there.count : 1
    this.spawn(this.part(there, count))
    there.count -= count
    this.set(slot, there)
  }

  spawn (item) {
    const { player, server, registry } = this
    for (let count = 0; count < item.count; count++) {
      server.spawnObject(registry.entitiesByName.item.id, player.world, player.position.offset(0, 1.3, 0), {
        itemId: item.type, pickupTime: 2000, deathTime: 300000
      })
    }
  }

  craft () {
    if (!this.gridWidth) return
    const cells = []
    for (let slot = 1; slot <= this.gridWidth ** 2; slot++) cells.push(this.get(slot)?.type ?? null)
    const made = crafting.result(this.registry, cells, this.gridWidth)
    this.set(0, made && new this.Item(made.id, made.count))
  }

  open (station) {
    this.station = station
    this.id = (this.id % 100) + 1
    this.player._client.write('open_window', {
      windowId: this.id,
      inventoryType: station.type,
      windowTitle: this.server._createChatComponent({ translate: station.title }).toNetworkFormat()
    })
    this.sync()
  }

  close () {
    const station = this.station
    if (station?.gridWidth) {
      for (const item of station.slots.slice(1)) if (item) this.store(item, this.own, this.size)
    }
    this.station = null
  }

  sync () {
    const items = Array.from({ length: this.size }, (_, slot) => this.Item.toNotch(this.get(slot)))
    this.player._client.write('window_items', {
      windowId: this.station ? this.id : 0, stateId: ++this.state, items, carriedItem: this.Item.toNotch(this.cursor)
    })
  }

  sendOutput () {
    this.player._client.write('set_slot', {
      windowId: this.station ? this.id : 0, stateId: ++this.state, slot: 0, item: this.Item.toNotch(this.get(0))
    })
  }
}

const same = (one, other) => (!one && !other) || (one?.type === other?.type && one?.count === other?.count)

exports.player = (player, server) => {
  const view = player.windowView = new View(player, server)
  const client = player._client
  player.once('asap', () => {
    client.removeAllListeners('window_click')
    client.on('window_click', (packet) => {
      if (packet.stateId === -1) return view.sync()
      view.click(packet)
      view.craft()
      const foreseen = view.Item.fromNotch(packet.cursorItem)
      if (packet.mode === 1 || !same(foreseen, view.cursor)) view.sync()
      else if (view.gridWidth && packet.slot <= view.gridWidth ** 2) view.sendOutput()
    })
    client.on('close_window', () => view.close())
  })
}
