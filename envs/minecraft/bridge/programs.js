'use strict'
// Running one JavaScript program beside the bot. The process is thrown away after it, so nothing it leaves matters.
const vm = require('node:vm')
const { Vec3 } = require('vec3')
const pathfinding = require('mineflayer-pathfinder')
const { Forbidden, freezePrototypes, severConstructors, view } = require('./hardening')
const { primitivesFor } = require('./primitives')
const { read, ProgramProblem, ALLOWED, MODULES } = require('./reading')
const { Task } = require('./task')
const { walk } = require('./walking')

const RESULT_LIMIT = 64 * 1024
const LINE_LIMIT = 2000
const CHAT_PAUSE = 1000
const ABSENT = ['process', 'global', 'module', 'exports', '__dirname', '__filename', 'fetch', 'XMLHttpRequest', 'WebSocket', 'Buffer']
const FRAME = /program:(.+?):(\d+):(\d+)/

/** Check sources without running them; the problems found, with the name of the source. */
function check ({ sources }) {
  const problems = []
  for (const { name, source } of sources) {
    try {
      read(source)
    } catch (error) {
      if (!(error instanceof ProgramProblem)) throw error
      problems.push({ source: name, kind: error.kind, message: error.message, line: error.line })
    }
  }
  return problems
}

/**
 * Run `entry` of the sources, which share one global scope as Voyager's did.
 * @param game the bot and its world
 * @param channel for log lines, calls and what the host does for the program
 * @param program `sources` ({name, source}, later ones see earlier ones), `entry`, `args`, `hosted` (functions the host
 *   answers), `seconds`
 * @param begun called with the task, by which the program can be stopped
 * @returns {result} or {fault: {kind, message, source, line}}
 */
async function run (game, channel, { sources, entry, args = [], hosted = [], seconds }, begun = () => {}) {
  const problem = check({ sources })[0]
  if (problem) return { fault: problem }
  const task = new Task(await game.living(), seconds, `out of time for the program (${seconds} s)`)
  begun(task)
  const scene = new Scene(game, channel, task, hosted)
  try {
    const context = scene.context()
    for (const { name, source } of sources) {
      new vm.Script(source, { filename: `program:${name}` }).runInContext(context)
    }
    const start = new vm.Script(`typeof ${entry} === 'function' ? ${entry} : undefined`).runInContext(context)
    if (!start) throw new Error(`the program defines no function ${entry}`)
    const result = await task.wait(Promise.resolve(start(scene.bot, ...args)))
    return { result: plain(result) }
  } catch (error) {
    return { fault: described(error) }
  } finally {
    task.stop('the program ended')
    task.close()
  }
}

/** What a program sees: its globals, over the one bot. */
class Scene {
  constructor (game, channel, task, hosted) {
    Object.assign(this, { game, channel, task, hosted, chatted: 0 })
    const { bot } = game
    const call = (name, promise) => this.located(name, promise)
    const instead = { pathfinder: { goto: (goal) => this.located('goto', walk(game, task, goal)) } }
    const part = (name) => bot[name] && view(bot[name], `bot.${name}`, { call, instead: instead[name] })
    const parts = Object.fromEntries(['pathfinder', 'collectBlock', 'tool', 'creative'].map((name) => [name, part(name)]))
    this.bot = view(bot, 'bot', { parts, instead: { chat: (text) => this.chat(String(text)) }, call })
  }

  log (...values) {
    const text = values.map((value) => (typeof value === 'string' ? value : safeText(value))).join(' ')
    this.channel.event('log', { text: text.slice(0, LINE_LIMIT) })
  }

  /** A program's chat is its log; the world hears of it once a second at most, so that no server takes it for spam. */
  chat (text) {
    if (text.startsWith('/')) throw new Forbidden('give commands to the server')
    this.log(text)
    if (Date.now() - this.chatted < CHAT_PAUSE) return
    this.chatted = Date.now()
    this.game.bot.chat(text.slice(0, 250))
  }

  /** `promise`, whose failure remembers the line of the program that waits for it. */
  async located (name, promise) {
    const site = new Error('called from here')
    try {
      return await this.task.wait(promise)
    } catch (error) {
      throw located(error, site)
    }
  }

  primitive (name, implementation) {
    return (...args) => {
      const site = new Error('called from here')
      const shown = args.slice(1).map(safeText).join(', ').slice(0, 200)
      const finish = (error) => this.channel.event('call', { name, arguments: shown, error: error ? String(error.message) : null })
      return Promise.resolve().then(() => implementation(...args)).then(
        (value) => { finish(null); return value },
        (error) => { finish(error); throw located(error, site) })
    }
  }

  context () {
    const { game, channel } = this
    const { goals } = pathfinding
    const mcData = view(game.registry, 'mcData')
    const given = { bot: this.bot, mcData, Vec3, ...goals, goals, Movements: pathfinding.Movements }
    for (const [name, implementation] of Object.entries(primitivesFor(this))) {
      given[name] = this.primitive(name, implementation)
    }
    for (const name of this.hosted) given[name] = this.primitive(name, (_bot, ...args) => channel.callHost(name, args))
    const tell = (...values) => this.log(...values)
    given.console = Object.freeze({ log: tell, info: tell, warn: tell, error: tell, debug: tell })
    given.setTimeout = (act, pause, ...args) => setTimeout(act, pause, ...args)[Symbol.toPrimitive]()
    given.setInterval = (act, pause, ...args) => setInterval(act, pause, ...args)[Symbol.toPrimitive]()
    given.clearTimeout = given.clearInterval = (id) => clearTimeout(id)
    given.require = (name) => this.required(name, mcData)
    const context = vm.createContext(Object.create(null), { codeGeneration: { strings: false, wasm: false } })
    for (const [name, value] of Object.entries(given)) {
      Object.defineProperty(context, name, { value, writable: true, configurable: true, enumerable: true })
    }
    for (const name of ABSENT) {
      Object.defineProperty(context, name, { get () { throw new Forbidden(`use ${name}`) }, configurable: true })
    }
    freezePrototypes([Vec3, ...Object.values(goals), pathfinding.Movements, game.bot.entity.constructor, game.bot.inventory.constructor])
    severConstructors()
    return context
  }

  required (name, mcData) {
    switch (name) {
      case 'vec3': return Vec3.Vec3 ? Vec3 : Object.assign(Vec3, { Vec3 })
      case 'mineflayer-pathfinder': return { goals: pathfinding.goals, Movements: pathfinding.Movements, pathfinder: null }
      case 'minecraft-data': return () => mcData
      case 'mineflayer': case 'mineflayer-collectblock': return {}
      default: throw new Forbidden(`require ${JSON.stringify(name)} (it has ${ALLOWED}, and require of ${MODULES.join(', ')})`)
    }
  }
}

/** The same error, with the program's line of `site` where it has none of its own. */
function located (error, site) {
  if (error && typeof error === 'object' && !FRAME.test(String(error.stack)) && !error.site) {
    try { error.site = site.stack } catch { /* a frozen error keeps what it has */ }
  }
  return error
}

/** A program's error as data: its kind, its words, and its line of the program. */
function described (error) {
  try {
    const frame = FRAME.exec(String(error?.stack)) ?? FRAME.exec(String(error?.site))
    const kind = String(error?.name ?? typeof error).slice(0, 100)
    const message = String(error?.message ?? error).slice(0, LINE_LIMIT)
    return { kind, message, source: frame ? frame[1] : null, line: frame ? Number(frame[2]) : null }
  } catch {
    return { kind: 'Error', message: 'the program threw something that cannot be shown', source: null, line: null }
  }
}

function safeText (value) {
  try {
    return typeof value === 'object' && value !== null ? JSON.stringify(value).slice(0, LINE_LIMIT) : String(value)
  } catch {
    return Object(value) === value ? '[object]' : '?'
  }
}

/** A result as JSON data; null where it is none, or too large. */
function plain (value) {
  try {
    const text = JSON.stringify(value)
    return text === undefined || text.length > RESULT_LIMIT ? null : JSON.parse(text)
  } catch {
    return null
  }
}

module.exports = { run, check }
