'use strict'
// Mobs that can be spawned, hit and killed, and that leave something. They stand still: there is no mob AI.
const { Vec3 } = require('vec3')

const LIVING = new Set(['hostile', 'animal', 'passive', 'ambient', 'water_creature', 'living', 'mob'])
const LEFT = {
  cow: ['beef', 'leather'], pig: ['porkchop'], sheep: ['mutton', 'white_wool'], chicken: ['chicken', 'feather'],
  zombie: ['rotten_flesh'], spider: ['string']
}
const HEALTH = { cow: 10, pig: 10, sheep: 8, chicken: 4, zombie: 20, spider: 16 }
const DAMAGE = { wooden_sword: 4, stone_sword: 5, iron_sword: 6, wooden_axe: 7, stone_axe: 9, iron_axe: 9 }

exports.server = (server) => {
  const registry = server.registry
  registry.entitiesByName = { ...registry.entitiesByName }
  for (const [name, kind] of Object.entries(registry.entitiesByName)) {
    if (!LIVING.has(kind.type)) continue
    registry.entitiesByName[name] = { ...kind, type: 'mob' }
    registry.mobs[kind.id] = kind
  }
  server.once('pluginsReady', () => {
    const spawn = server.spawnMob
    server.spawnMob = (...found) => {
      const mob = spawn(...found)
      mob.health = HEALTH[mob.name] ?? mob.health
      return mob
    }
  })
}

exports.player = (player, server) => {
  const registry = server.registry
  player.on('attack', (blow) => {
    const held = player.inventory.slots[36 + player.heldItemSlot]
    const mob = blow.attackedEntity
    blow.damage = DAMAGE[held?.name] ?? 1
    if (mob.type === 'player') return
    blow.velocity = blow.velocity.scaled(0)
    if (mob.health > blow.damage) return
    for (const item of LEFT[mob.name] ?? []) {
      server.spawnObject(registry.entitiesByName.item.id, mob.world, mob.position.offset(0, 0.3, 0), {
        itemId: registry.itemsByName[item].id, pickupTime: 300, deathTime: 300000, velocity: new Vec3(0, mob.toss ?? 0, 0)
      })
    }
  })
  player.on('attack_done', ({ attackedEntity: mob }) => {
    if (mob.type !== 'player' && mob.health <= 0) {
      player._client.write('entity_destroy', { entityIds: [mob.id] })
    }
  })
}
