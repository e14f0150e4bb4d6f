'use strict'
// Harvest rules: what a block drops, and that the wrong tool gets nothing.
// flying-squid drops `drops[0]` whatever is held; the rules below are those of the block data.

function drops (server, block, held) {
  const kind = server.registry.blocks[block.type]
  if (kind.harvestTools && !kind.harvestTools[held?.type]) return []
  if (/_leaves$|^short_grass$|^grass$/.test(block.name)) return []
  return kind.drops.slice(0, 1).map((id) => (typeof id === 'object' ? id.drop : id))
}

exports.player = (player, server) => {
  player.on('dug', (dug) => {
    const held = player.inventory.slots[36 + player.heldItemSlot]
    const template = dug.drops?.[0]
    if (!dug.dropBlock || !template) return
    const ids = drops(server, dug.block, held).filter((id) => server.registry.items[id])
    dug.drops.splice(0, dug.drops.length, ...ids.map((blockDropId) => ({
      ...template, blockDropId, blockDropVelocity: template.blockDropVelocity.scaled(0), blockDropPickup: 250
    })))
    server.boxes.spill(dug.position, player)
  })
}
