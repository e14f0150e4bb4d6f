'use strict'
// The process that owns the bot. Standard input and output are the host's; everything else goes to standard error.
console.log = console.info = console.debug = console.error

const { Channel, PROTOCOL } = require('./channel')
const { Game } = require('./game')
const { Task } = require('./task')
const gathering = require('./gathering')
const living = require('./living')
const looking = require('./looking')
const making = require('./making')
const naming = require('./naming')
const programs = require('./programs')
const recipes = require('./recipes')
const { surroundings } = require('./surroundings')
const walking = require('./walking')

/** Primitives that take time: run as a task, which can be cancelled by the id of its request. */
const PRIMITIVES = {
  mine: gathering.mine,
  place: gathering.placeBlock,
  kill: gathering.kill,
  craft: making.craft,
  smelt: making.smelt,
  goto: walking.goto,
  explore: walking.explore,
  eat: living.eat,
  equip: living.equip,
  deposit: living.deposit,
  withdraw: living.withdraw,
  wait: living.wait,
  say: living.say
}

const tasks = new Map()

async function run (primitive, { seconds = 60, ...args }, id) {
  const task = new Task(await game.living(), seconds)
  tasks.set(id, task)
  try {
    return await primitive(game, task, args)
  } finally {
    tasks.delete(id)
    task.close()
  }
}

const methods = {
  hello: () => ({ protocol: PROTOCOL, node: process.versions.node }),
  ping: () => 'pong',
  join: (params) => game.join(params),
  new_life: () => game.newLife(),
  names: () => naming.names(game),
  observe: async () => {
    await game.living()
    return looking.observe(game)
  },
  surroundings: () => surroundings(game),
  living: async () => {
    await game.living()
    return looking.living(game)
  },
  chests: () => looking.chestList(game),
  uses_left: () => looking.usesLeft(game),
  recipe: (params) => recipes.recipe(game, params),
  nearby: (params) => looking.nearby(game, params),
  find: ({ name, radius }) => {
    game.alive()
    const found = walking.inView(game, name, radius)
    return found && { x: found.x, y: found.y, z: found.z }
  },
  inventory: () => game.alive() && game.counts(),
  position: () => walking.place(game.alive()),
  command: ({ text }) => game.alive().chat(text),
  run_program: (params, id) => programs.run(game, channel, params, (task) => tasks.set(id, task)).finally(() => tasks.delete(id)),
  cancel: ({ task }) => tasks.get(task)?.stop('cancelled')
}
for (const [name, primitive] of Object.entries(PRIMITIVES)) {
  methods[name] = (params, id) => run(primitive, params, id)
}

const channel = new Channel(process.stdin, process.stdout, methods)
const game = new Game((name, data) => channel.event(name, data))
channel.clock = () => ({ tick: game.ticks, walked: Math.round(game.walked * 10) / 10 })

process.on('uncaughtException', (error) => console.error('uncaught', error))
process.on('unhandledRejection', (error) => console.error('unhandled', error))
