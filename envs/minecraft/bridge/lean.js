'use strict'
// A shorter start: what the bot's process loads and never needs is left out.

function replace (name, exports) {
  const id = require.resolve(name)
  require.cache[id] = Object.assign(new module.constructor(id, module), { loaded: true, exports })
}

/** The relay signs in, never the bot's process. */
replace('prismarine-auth', {})

/** Checks the protocol's description against a schema; ours comes with the pinned packages. */
replace('protodef-validator', class {
  addType () {}
  addTypes () {}
  validateType () {}
  validateProtocol () {}
})
