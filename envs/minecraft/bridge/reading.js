'use strict'
// Reading a program before it runs: syntax, and what it may not reach for.
const acorn = require('acorn')

const FORBIDDEN_NAMES = new Set(['process', 'eval', 'Function', 'global', 'module', 'fetch', 'XMLHttpRequest', 'WebSocket', 'SharedArrayBuffer', 'WebAssembly'])
const FORBIDDEN_MEMBERS = new Set(['__proto__', 'prototype', 'constructor', '__defineGetter__', '__defineSetter__', 'setPrototypeOf'])
const MODULES = ['vec3', 'mineflayer-pathfinder', 'minecraft-data', 'mineflayer', 'mineflayer-collectblock']
const ALLOWED = 'bot, mcData, Vec3, the Goal classes and the primitives'

/** What is wrong with a program, for its author: `kind`, `message`, `line` and `column`. */
class ProgramProblem extends Error {
  constructor (kind, message, line, column = 0) {
    super(message)
    Object.assign(this, { kind, line, column })
  }
}

/** Parse a script; throws ProgramProblem. */
function read (source) {
  let tree
  try {
    tree = acorn.parse(source, { ecmaVersion: 'latest', sourceType: 'script', locations: true })
  } catch (error) {
    if (!(error instanceof SyntaxError)) throw error
    throw new ProgramProblem('SyntaxError', error.message.replace(/ \(\d+:\d+\)$/, ''), error.loc?.line ?? 1, error.loc?.column)
  }
  visit(tree, null, null)
  return tree
}

function refuse (node, message) {
  throw new ProgramProblem('Forbidden', message, node.loc.start.line, node.loc.start.column)
}

/** Walk the tree and refuse what a program may not reach for. */
function visit (node, parent, key) {
  switch (node.type) {
    case 'Identifier':
      if (FORBIDDEN_NAMES.has(node.name) && isRead(parent, key)) {
        refuse(node, `a program may not use ${node.name}; it has ${ALLOWED}`)
      }
      break
    case 'MemberExpression': checkMember(node); break
    case 'ImportExpression': case 'ImportDeclaration':
      refuse(node, `a program may not import; it has ${ALLOWED}`); break
    case 'CallExpression': checkRequire(node); break
    default:
  }
  for (const [name, child] of Object.entries(node)) {
    if (Array.isArray(child)) for (const one of child) { if (one?.type) visit(one, node, name) } else if (child?.type) visit(child, node, name)
  }
}

/** Whether an identifier stands for a variable, and not for a property or a label. */
function isRead (parent, key) {
  if (parent.type === 'MemberExpression') return key === 'object' || parent.computed
  if (parent.type === 'Property' || parent.type === 'MethodDefinition' || parent.type === 'PropertyDefinition') {
    return key === 'value' || parent.computed
  }
  return !['LabeledStatement', 'BreakStatement', 'ContinueStatement'].includes(parent.type)
}

function checkMember (node) {
  const name = node.computed ? (node.property.type === 'Literal' ? String(node.property.value) : null) : node.property.name
  if (FORBIDDEN_MEMBERS.has(name)) {
    refuse(node, `a program may not reach for ${name}: the prototypes of shared objects are not its own`)
  }
}

function checkRequire (node) {
  if (node.callee.type !== 'Identifier' || node.callee.name !== 'require') return
  const [argument] = node.arguments
  if (argument?.type === 'Literal' && MODULES.includes(argument.value)) return
  refuse(node, `a program may not require ${argument?.raw ?? 'modules'}; it has ${ALLOWED} (and require of ${MODULES.join(', ')})`)
}

module.exports = { read, ProgramProblem, MODULES, ALLOWED }
