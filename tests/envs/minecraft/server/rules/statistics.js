'use strict'
// What a real server counts of each player and tells on request: since the last request what changed, with its whole count.
// https://minecraft.wiki/w/Java_Edition_protocol/Packets (Award Statistics, Client Command).
const CRAFTED = 1
const USED = 2
const PICKED_UP = 4
const KILLED = 6
const REQUEST = [1, 'request_stats']

class Statistics {
  constructor () {
    this.counts = new Map()
    this.changed = new Set()
  }

  add (kind, number, count = 1) {
    const key = `${kind} ${number}`
    this.counts.set(key, (this.counts.get(key) ?? 0) + count)
    this.changed.add(key)
  }

  /** What changed since it was asked last. */
  told () {
    const entries = [...this.changed].map((key) => {
      const [categoryId, statisticId] = key.split(' ').map(Number)
      return { categoryId, statisticId, value: this.counts.get(key) }
    })
    this.changed.clear()
    return { entries }
  }
}

const kept = new Map()

exports.server = (server, chosen) => {
  server.tellsStatistics = chosen.statistics !== false
  server.once('pluginsReady', () => {
    const place = server.placeItem
    server.placeItem = async (placed) => {
      const found = await place(placed)
      if (found?.id !== undefined) placed.player.statistics.add(USED, placed.item.type)
      return found
    }
  })
}

exports.player = (player, server) => {
  const { registry, tellsStatistics } = server
  const client = player._client
  player.once('asap', () => {
    const { username } = client
    if (!kept.has(username)) kept.set(username, new Statistics())
    const mine = player.statistics = kept.get(username)
    mine.changed = new Set(mine.counts.keys())
    const collect = player.collect
    player.collect = (entity) => {
      if (entity.itemId !== undefined) mine.add(PICKED_UP, entity.itemId)
      return collect(entity)
    }
  })
  client.on('client_command', (packet) => {
    if (tellsStatistics && REQUEST.includes(packet.actionId ?? packet.payload)) client.write('statistics', player.statistics.told())
  })
  player.on('attack_done', ({ attackedEntity: mob }) => {
    if (mob.type !== 'player' && mob.health <= 0) player.statistics.add(KILLED, registry.entitiesByName[mob.name].id)
  })
  player.crafted = (item, count) => player.statistics.add(CRAFTED, item, count)
}
