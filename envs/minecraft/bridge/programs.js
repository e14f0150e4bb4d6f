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
const SKILL_CALLS_TOLD = 20_000
const CHAT_PAUSE = 1000
const ABSENT = ['process', 'global', 'module', 'exports', '__dirname', '__filename', 'fetch', 'XMLHttpRequest', 'WebSocket', 'Buffer']
const MAIN = 'main'
const FRAME = /program:(.+?):(\d+):(\d+)/

/**
 * Run a program, whose skills are modules: one scope each, joined by the functions that they name.
 * @param game the bot and its world
 * @param channel for log lines, calls and what the host does for the program
 * @param request `source`, `entry`, `arguments`, `roots` (name -> digest), `modules` (digest -> {entry, language, source,
 *   dependencies}), and the limits `seconds`, `output`, `calls`, `failures`, `ticks`
 * @param begun called with the task, by which the program can be stopped
 * @returns {result} or {failure: {kind, message, module, line}}, with `stopped` where a limit ended it
 */
async function run (game, channel, request, begun = () => {}) {
  const task = new Task(await game.living(), request.seconds, `out of time for the program (${request.seconds} s)`)
  begun(task)
  const scene = new Scene(game, channel, task, request)
  try {
    const linker = new Linker(scene, request)
    const start = linker.program()
    const result = await task.wait(Promise.resolve(start(scene.bot, ...request.arguments)))
    return { result: plain(result) }
  } catch (error) {
    const stopped = scene.stopped ?? (task.reason?.startsWith('out of time') ? 'deadline' : null)
    return stopped ? { stopped, detail: task.reason } : { failure: described(error) }
  } finally {
    task.stop('the program ended')
    task.close()
  }
}

/** Joins the program and the modules it reaches. */
class Linker {
  constructor (scene, { source, entry, roots, modules }) {
    Object.assign(this, { scene, roots, modules, main: { source, entry, dependencies: roots } })
    this.context = scene.context()
    this.linked = new Map()
    this.wanted = new Map()
    for (const { dependencies } of [this.main, ...Object.values(modules)]) {
      for (const [name, digest] of Object.entries(dependencies)) {
        if (!this.wanted.has(digest)) this.wanted.set(digest, new Set())
        this.wanted.get(digest).add(name)
      }
    }
  }

  program () {
    const { [this.main.entry]: start } = this.compile(MAIN, this.main, [this.main.entry])
    if (typeof start !== 'function') throw new Error(`the program defines no function ${this.main.entry}`)
    return start
  }

  /** The functions of a source that others ask for, by name. */
  compile (name, { source, dependencies }, exported) {
    readNamed(name, source)
    const names = Object.keys(dependencies)
    const found = exported.map((one) => `get ${one} () { return typeof ${one} === 'undefined' ? undefined : ${one} }`)
    const text = `(function (${names.join(', ')}) { ${source}\nreturn { ${found.join(', ')} } })`
    const make = new vm.Script(text, { filename: `program:${name}` }).runInContext(this.context)
    return make(...names.map((one) => this.dependency(one, dependencies[one])))
  }

  /** A function of another module; a promise of what the host answers where that is in another language. */
  dependency (name, digest) {
    const module = this.modules[digest]
    return (...args) => {
      this.scene.count(name)
      if (module.language !== 'javascript') {
        this.scene.checkLimits()
        return this.scene.located(name, this.scene.channel.callHost(digest, args.filter((one) => one !== this.scene.bot)))
      }
      if (!this.linked.has(digest)) {
        this.linked.set(digest, this.compile(digest, module, [...this.wanted.get(digest)]))
      }
      return this.linked.get(digest)[name](...args)
    }
  }
}

function readNamed (name, source) {
  try {
    read(source)
  } catch (error) {
    if (error instanceof ProgramProblem) error.module = name
    throw error
  }
}

/** What a program sees: its globals, over the one bot. */
class Scene {
  constructor (game, channel, task, limits) {
    Object.assign(this, { game, channel, task, limits, chatted: 0, logged: 0, calls: 0, skillCalls: 0, failures: 0, stopped: null })
    this.start = game.ticks
    const { bot } = game
    const call = (name, promise) => this.located(name, promise)
    const instead = { pathfinder: { goto: (goal) => this.located('goto', walk(game, task, goal)) } }
    const part = (name) => bot[name] && view(bot[name], `bot.${name}`, { call, instead: instead[name] })
    const parts = Object.fromEntries(['pathfinder', 'collectBlock', 'tool', 'creative'].map((name) => [name, part(name)]))
    this.bot = view(bot, 'bot', { parts, instead: { chat: (text) => this.chat(String(text)) }, call })
  }

  log (...values) {
    const text = values.map((value) => (typeof value === 'string' ? value : safeText(value))).join(' ').slice(0, LINE_LIMIT)
    this.logged += Buffer.byteLength(text) + 1
    if (this.logged > this.limits.output) this.stop('output', `more than ${this.limits.output} bytes printed`)
    this.channel.event('log', { text })
  }

  /** End the program: a limit was reached. */
  stop (stopped, detail) {
    this.stopped ??= stopped
    this.task.stop(detail)
    this.task.check()
  }

  /** A skill is called by name; of very many calls the first are reported. */
  count (name) {
    if (this.skillCalls++ < SKILL_CALLS_TOLD) this.channel.event('skill', { name })
  }

  checkLimits () {
    const { calls, ticks } = this.limits
    if (this.calls >= calls) this.stop('calls', `${calls} calls`)
    if (this.game.ticks - this.start >= ticks) this.stop('ticks', `${ticks} ticks`)
    this.calls++
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
      return this.called(name, shown, site, () => implementation(...args))
    }
  }

  async called (name, shown, site, act) {
    this.checkLimits()
    try {
      const value = await act()
      this.channel.event('call', { name, arguments: shown, error: null })
      return value
    } catch (error) {
      this.channel.event('call', { name, arguments: shown, error: String(error?.message ?? error).slice(0, LINE_LIMIT) })
      if (++this.failures >= this.limits.failures) this.stop('failures', `the last one: ${error?.message}`)
      throw located(error, site)
    }
  }

  context () {
    const { game } = this
    const { goals } = pathfinding
    const mcData = view(game.registry, 'mcData')
    const given = { bot: this.bot, mcData, Vec3, ...goals, goals, Movements: pathfinding.Movements }
    for (const [name, implementation] of Object.entries(primitivesFor(this))) {
      given[name] = this.primitive(name, implementation)
    }
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
    const line = error instanceof ProgramProblem ? error.line : frame ? Number(frame[2]) : null
    return { kind: error instanceof ProgramProblem ? error.kind : kind, message, module: moduleOf(error, frame), line }
  } catch {
    return { kind: 'Error', message: 'the program threw something that cannot be shown', module: null, line: null }
  }
}

const moduleOf = (error, frame) => {
  const name = error instanceof ProgramProblem ? error.module : frame?.[1]
  return !name || name === MAIN ? null : name
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

module.exports = { run }
