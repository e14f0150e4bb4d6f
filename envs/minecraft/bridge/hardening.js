'use strict'
// Keeping a program from what is not its own. The wall is the process's sandbox, and that the process ends with the
// program; this is the fence before it, which says in words what a program may not do.
const { ALLOWED } = require('./reading')

const SEVERED = new Set(['constructor', '__proto__', 'prototype'])
const FUNCTION_KINDS = [function () {}, async function () {}, function * () {}, async function * () {}]

class Forbidden extends Error {
  constructor (what) {
    super(`a program may not ${what}; it has ${ALLOWED}`)
    this.name = 'Forbidden'
  }
}

/** Take away this realm's ways from any function to a compiler of code. Cannot be undone. */
function severConstructors () {
  for (const kind of FUNCTION_KINDS) {
    Object.defineProperty(Object.getPrototypeOf(kind), 'constructor', {
      get () { throw new Forbidden('reach for the constructor of shared functions') }
    })
  }
}

/** Freeze the prototypes of the classes whose objects a program is given. */
function freezePrototypes (classes) {
  for (const one of classes) {
    Object.freeze(one)
    if (one.prototype) Object.freeze(one.prototype)
  }
  for (const one of [Object.prototype, Array.prototype, Function.prototype, Promise.prototype, Map.prototype, Set.prototype]) {
    Object.preventExtensions(one)
  }
}

/**
 * A view of a shared object: its properties are read, its functions are called on the object itself, and its prototype
 * and constructor cannot be reached. `parts` are properties that are seen through views of their own; `instead` are
 * properties that a program sees in place of the object's own; `call(name, promise)` is called with each promise.
 */
function view (object, name, { parts = {}, instead = {}, call = (_name, promise) => promise } = {}) {
  const wrapped = new Map()
  const wrap = (key, value) => {
    if (wrapped.get(key)?.value !== value) {
      const through = (...args) => {
        const result = value.apply(object, args)
        return result instanceof Promise ? call(`${name}.${String(key)}`, result) : result
      }
      wrapped.set(key, { value, through })
    }
    return wrapped.get(key).through
  }
  return new Proxy(object, {
    get (target, key) {
      if (SEVERED.has(key)) throw new Forbidden(`reach for ${name}.${String(key)}`)
      if (Object.hasOwn(instead, key)) return instead[key]
      if (Object.hasOwn(parts, key)) return parts[key]
      const value = Reflect.get(target, key)
      return typeof value === 'function' ? wrap(key, value) : value
    },
    set (target, key, value) {
      if (SEVERED.has(key) || typeof target[key] === 'function') throw new Forbidden(`change ${name}.${String(key)}`)
      return Reflect.set(target, key, value)
    },
    getPrototypeOf () { throw new Forbidden(`reach for the prototype of ${name}`) },
    setPrototypeOf () { throw new Forbidden(`change the prototype of ${name}`) },
    defineProperty () { throw new Forbidden(`redefine a property of ${name}`) },
    deleteProperty () { throw new Forbidden(`delete a property of ${name}`) }
  })
}

module.exports = { Forbidden, severConstructors, freezePrototypes, view }
