'use strict'
// Draws what the bot sees: serves the viewer's page with the bot's surroundings on a loopback port, has a headless browser
// open it, and writes the PNG to standard output once it is drawn.
// Standard input: a JSON object as `surroundings` of the bridge gives it. Arguments: the browser and a folder for its profile.
const { spawn } = require('node:child_process')
const http = require('node:http')
const path = require('node:path')
const { text } = require('node:stream/consumers')
const within = path.dirname(require.resolve('prismarine-viewer/package.json'))
const inViewer = (name) => require(require.resolve(name, { paths: [within] }))

const [browser, profile] = process.argv.slice(2)
const SIZE = { width: 854, height: 480 }
const FLAGS = [
  '--headless=new', '--use-gl=angle', '--use-angle=swiftshader', '--enable-unsafe-swiftshader', '--no-first-run',
  '--disable-extensions', '--remote-debugging-pipe', `--user-data-dir=${profile}`
]
const PAUSE = 500
/** So many equal pictures in a row mean that all is drawn. */
const STEADY = 3
/** A picture of one colour is shorter, in base64. */
const BLANK = 12000
/** A view of nothing but sky never changes. */
const LONGEST = 30000

const pause = () => new Promise((resolve) => setTimeout(resolve, PAUSE))

/** The page's address, with the part of the world that it shows. */
async function serve ({ version, position, yaw, pitch, columns, entities }) {
  const express = inViewer('express')
  const app = express().use(express.static(path.join(within, 'public')))
  const server = http.createServer(app)
  const page = new (inViewer('socket.io').Server)(server, { maxHttpBufferSize: 1e9 })
  page.on('connection', (socket) => {
    socket.emit('version', version)
    for (const column of columns) socket.emit('loadChunk', column)
    for (const entity of entities) socket.emit('entity', entity)
    socket.emit('position', { pos: position, yaw, pitch })
  })
  await new Promise((resolve) => server.listen(0, '127.0.0.1', resolve))
  return `http://127.0.0.1:${server.address().port}/`
}

/** A browser that is told what to do over a pipe: `ask(method, params, session)`, and `close()`. */
function open () {
  const root = process.getuid?.() === 0 ? ['--no-sandbox'] : []
  const child = spawn(browser, [...FLAGS, ...root, 'about:blank'], { stdio: ['ignore', 'ignore', 'pipe', 'pipe', 'pipe'] })
  const [,, errors, orders, answers] = child.stdio
  const waiting = new Map()
  let asked = 0
  let rest = ''
  let said = ''
  errors.on('data', (words) => { said = (said + words).slice(-400) })
  child.on('exit', (code) => fail(new Error(`the browser ended (${code}): ${said.trim().split('\n').pop()}`)))
  child.on('error', fail)
  answers.setEncoding('utf8').on('data', (data) => {
    const messages = (rest + data).split('\0')
    rest = messages.pop()
    for (const { id, result, error } of messages.map((message) => JSON.parse(message))) {
      if (error) waiting.get(id)?.reject(new Error(error.message))
      else waiting.get(id)?.resolve(result)
      waiting.delete(id)
    }
  })
  const ask = (method, params = {}, sessionId = undefined) => new Promise((resolve, reject) => {
    waiting.set(++asked, { resolve, reject })
    orders.write(JSON.stringify({ id: asked, method, params, sessionId }) + '\0')
  })
  const close = () => new Promise((resolve) => {
    child.removeAllListeners('exit').once('exit', resolve)
    ask('Browser.close')
  })
  return { ask, close }
}

/** Pictures of the page until several in a row are the same, and show more than one colour. */
async function settle (capture) {
  const end = Date.now() + LONGEST
  for (let last = '', same = 0; ;) {
    await pause()
    const now = await capture()
    same = now === last && now.length > BLANK ? same + 1 : 0
    last = now
    if (same >= STEADY || Date.now() > end) return now
  }
}

function fail (error) {
  process.stderr.write(`${error.message}\n`)
  process.exit(1)
}

async function main () {
  const address = await serve(JSON.parse(await text(process.stdin)))
  const { ask, close } = open()
  const { targetId } = await ask('Target.createTarget', { url: 'about:blank' })
  const { sessionId } = await ask('Target.attachToTarget', { targetId, flatten: true })
  await ask('Emulation.setDeviceMetricsOverride', { ...SIZE, deviceScaleFactor: 1, mobile: false }, sessionId)
  await ask('Page.navigate', { url: address }, sessionId)
  const capture = () => ask('Page.captureScreenshot', { format: 'png' }, sessionId).then(({ data }) => data, () => '')
  const picture = await settle(capture)
  await close()
  process.stdout.write(Buffer.from(picture, 'base64'), () => process.exit(0))
}

main().catch(fail)
