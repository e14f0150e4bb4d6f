'use strict'
// The relay signs in, never the bot's process: what mineflayer loads for it alone is left out, and the start is shorter.
const id = require.resolve('prismarine-auth')
require.cache[id] = Object.assign(new module.constructor(id, module), { loaded: true, exports: {} })
