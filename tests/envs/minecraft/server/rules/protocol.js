'use strict'
// Packets that flying-squid 1.12 fills in wrongly for the versions that the tests use.
const MODES = ['survival', 'creative', 'adventure', 'spectator']

function respawn (packet, player, registry) {
  const login = registry.loginPacket
  if (login.worldState) {
    return { worldState: { ...login.worldState, gamemode: MODES[player.gameMode] }, copyMetadata: 0 }
  }
  const mended = { ...packet, previousGamemode: packet.previousGameMode ?? 255 }
  return login.worldType ? { ...mended, dimension: login.worldType } : mended
}

function playerList (server, players) {
  return {
    action: server.supportFeature('playerInfoActionIsBitfield') ? { add_player: true } : 'add_player',
    data: players.map((one) => {
      const named = { name: one.username, properties: one.profileProperties ?? [] }
      return { uuid: one.uuid, ...named, player: named, gamemode: one.gameMode, ping: 0, latency: 0 }
    })
  }
}

exports.server = (server) => {
  server.on('newEntity', (entity) => {
    if (entity.type === 'player' && server.supportFeature('unifiedPlayerAndEntitySpawnPacket')) {
      entity.entityType = server.registry.entitiesByName.player.id
    }
  })
}

exports.player = (player, server) => {
  const registry = server.registry
  const client = player._client
  player.once('asap', () => {
    server._sendPlayerList = (to) => {
      to._client.write('player_info', playerList(server, server.players))
      to._writeOthers('player_info', playerList(server, [to]))
    }
    client.prependListener('client_command', (packet) => {
      if (packet.actionId === 'perform_respawn') packet.actionId = 0
    })
    const write = client.write.bind(client)
    client.write = (name, packet) => {
      if (client.ended) return undefined
      switch (name) {
        case 'respawn': return write(name, respawn(packet, player, registry))
        case 'update_time': return write(name, { tickDayTime: true, ...packet })
        case 'entity_teleport': return write(name, { dx: 0, dy: 0, dz: 0, flags: {}, ...packet })
        default: return write(name, packet)
      }
    }
  })
}
