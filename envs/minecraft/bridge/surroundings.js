'use strict'
// What is needed to draw what the bot sees: the land around, the living things, and which way it looks.

const COLUMNS_ASIDE = 3

/** Everything within a few chunk columns, as prismarine-viewer takes it. */
function surroundings (game) {
  const bot = game.alive()
  const { position, yaw, pitch } = bot.entity
  const here = [position.x, position.z].map((at) => Math.floor(at / 16))
  const near = ({ chunkX, chunkZ }) => Math.max(Math.abs(chunkX - here[0]), Math.abs(chunkZ - here[1])) <= COLUMNS_ASIDE
  return {
    version: bot.version,
    position,
    yaw,
    pitch,
    columns: bot.world.getColumns().map((one) => ({ ...one, chunkX: Number(one.chunkX), chunkZ: Number(one.chunkZ) })).filter(near)
      .map(({ chunkX, chunkZ, column }) => ({ x: chunkX * 16, z: chunkZ * 16, chunk: column.toJson() })),
    entities: Object.values(bot.entities).filter((one) => one !== bot.entity && one.name).map((one) => (
      { id: one.id, name: one.name, pos: one.position, width: one.width, height: one.height, username: one.username, yaw: one.yaw }
    ))
  }
}

module.exports = { surroundings }
