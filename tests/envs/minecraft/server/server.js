'use strict'
// The fixture server: flying-squid with our rules, driven by JSON lines.
// Arguments: one JSON object, and the number of the socket on which commands come and answers go: the standard
// streams are a console of flying-squid's.
const net = require('node:net')
const path = require('node:path')

const squid = require('flying-squid')
const control = require('./control')

const chosen = JSON.parse(process.argv[2])
const channel = new net.Socket({ fd: Number(process.argv[3]) })

const server = squid.createMCServer({
  motd: 'fieldcraft fixture',
  host: '127.0.0.1',
  port: chosen.port || 0,
  version: chosen.version || '1.20.4',
  'max-players': chosen.maxPlayers || 20,
  'online-mode': false,
  'everybody-op': chosen.operators !== false,
  'view-distance': 4,
  'max-entities': 200,
  'player-list-text': { header: { text: '' }, footer: { text: '' } },
  logging: false,
  gameMode: 0,
  difficulty: 1,
  kickTimeout: chosen.kickTimeout || 30000,
  modpe: false,
  worldFolder: chosen.folder,
  generation: { name: 'superflat', options: { seed: 1 } },
  plugins: { [path.join(__dirname, 'rules')]: chosen }
})

const complain = (error) => console.error(error && error.stack ? error.stack : error)
server.on('error', complain)
server.on('clientError', (client, error) => complain(error))
process.on('uncaughtException', complain)
process.on('unhandledRejection', complain)

server.on('ready', () => control.serve(server, channel))
