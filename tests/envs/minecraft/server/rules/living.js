'use strict'
// Eating, dying and coming back, and what a player ever said. Nothing makes anyone hungry by itself.
const EATING = 1600

exports.server = (server) => {
  const said = new Map()
  server.said = (name) => said.get(name) ?? said.set(name, []).get(name)
}

exports.player = (player, server) => {
  const registry = server.registry
  const client = player._client
  player.deaths = 0
  player.on('chat', ({ message }) => server.said(player.username).push(message))
  player.clearInventory = () => {
    for (let slot = 0; slot < 46; slot++) if (player.inventory.slots[slot]) player.inventory.updateSlot(slot, null)
  }

  const hurt = player.updateHealth
  player.updateHealth = (health) => {
    if (health <= 0 && player.health > 0) player.deaths++
    hurt(health)
  }
  client.on('use_item', () => {
    const slot = 36 + player.heldItemSlot
    const item = player.inventory.slots[slot]
    const food = item && registry.foodsByName[item.name]
    if (!food || player.food >= 20) return
    setTimeout(() => {
      if (player.inventory.slots[slot] !== item || item.count < 1) return
      item.count--
      player.inventory.updateSlot(slot, item.count ? item : null)
      player.updateFood(Math.min(20, player.food + food.foodPoints))
      client.write('entity_status', { entityId: player.id, entityStatus: 9 })
    }, EATING)
  })
  player.on('requestRespawn', () => { player.position = player.spawnPoint.clone() })
  player.on('requestRespawn_done', () => {
    player.loadedChunks = {}
    player.worldSendRestOfChunks()
  })
  player.once('spawned', () => {
    const saving = setInterval(() => player.save?.(), 1000)
    client.once('end', () => clearInterval(saving))
  })
}
