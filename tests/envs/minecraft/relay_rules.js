'use strict'
// What the relay's guard does with a program's packets, without a server: prints one line for each case.
const path = require('node:path')
const { PassThrough } = require('node:stream')
const [bridge, version] = process.argv.slice(2)
const { Guard } = require(path.join(bridge, 'guard.js'))
const { number, sized } = require(path.join(bridge, 'framing.js'))

const text = (value) => sized(Buffer.from(value))
const COMPRESSED = 64

/** The packets that get through of those that a program sends, by name. */
function passed (packets, { compressed = false } = {}) {
  const bot = Object.assign(new PassThrough(), { destroy () { this.gone = true } })
  const guard = new Guard(bot)
  guard.loggingIn = false
  if (compressed) guard.threshold = COMPRESSED
  guard.begin(version)
  const found = []
  guard.send = ({ id, body }) => found.push(guard.book.toServer.get(id))
  const wrap = (content) => (compressed ? Buffer.concat([number(content.length), require('node:zlib').deflateSync(content)]) : content)
  for (const [name, body] of packets) {
    guard.attempt(() => guard.up.push(sized(wrap(Buffer.concat([number(guard.book.numberToServer(name) ?? 126), body])))))
  }
  return { found, gone: bot.gone === true }
}

const chat = ['chat_message', 'chat'].find((name) => passed([[name, text('x')]]).found.length)
/** What is said to have been killed where it died after blows from afar, by how often the server told its statistics. */
function killed (answers) {
  const guard = new Guard(new PassThrough())
  guard.begin(version, { 7: 'zombie' })
  const blow = Buffer.concat([number(7), number(1)])
  guard.facts.sent(guard.book.numberToServer('attack') === undefined ? 'use_entity' : 'attack', blow)
  for (let answer = 0; answer < answers; answer++) guard.facts.take('statistics', number(0))
  guard.facts.take('entity_status', Buffer.from([0, 0, 0, 7, 3]))
  return guard.facts.report().killed
}

/** How many lines the relay writes of packets of the server that it cannot read. */
function linesOf (packets) {
  const guard = new Guard(Object.assign(new PassThrough(), { destroy () {} }).resume())
  guard.loggingIn = false
  guard.begin(version)
  let lines = 0
  const { error } = console
  console.error = () => { lines++ }
  for (let packet = 0; packet < packets; packet++) guard.down.push(Buffer.from([1, 0x80]))
  console.error = error
  return lines
}

const said = (value, options) => passed([[chat, text(value)]], options).found.length > 0
const sent = (name, body = Buffer.alloc(40)) => passed([[name, body]]).found.length > 0

console.log(JSON.stringify({
  plain: said('hello'),
  compressed: said('hello', { compressed: true }),
  commands: ['/give', ' /give', '\t/give', '\u001c/give', '\u200b/give', '\u3000 /op'].map((one) => said(one, { compressed: one.length > 5 })),
  long: said('x'.repeat(300)),
  flood: passed(Array(50).fill([chat, text('x')])).found.length,
  players: ['position', 'look', 'block_dig', 'block_place', 'use_entity', 'window_click', 'arm_animation'].every((name) => sent(name)),
  operators: ['set_creative_slot', 'chat_command', 'chat_command_signed', 'update_command_block', 'set_difficulty',
    'lock_difficulty', 'update_structure_block', 'update_jigsaw_block', 'generate_structure', 'query_block_nbt', 'spectate',
    'configuration_acknowledged', 'custom_payload', 'tab_complete', 'change_gamemode', 'no such packet'].filter((name) => sent(name)),
  respawn: sent('client_command', number(0)),
  statistics: sent('client_command', number(1)),
  killed: [0, 1, 2].map(killed),
  lines: linesOf(10_000),
  bomb: passed([[chat, Buffer.concat([number(1 << 20), Buffer.alloc(3 << 20)])]], { compressed: true }),
  endless: (() => {
    const bot = Object.assign(new PassThrough(), { destroy () { this.gone = true } })
    const guard = new Guard(bot)
    guard.begin(version)
    guard.attempt(() => guard.up.push(Buffer.alloc(64, 0xff)))
    return bot.gone
  })()
}))
