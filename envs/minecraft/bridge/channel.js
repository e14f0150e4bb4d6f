'use strict'
// JSON-RPC over a pair of streams: one object a line. Requests come in, answers, events and calls of the host go out.

const PROTOCOL = 1

/** A refusal the world gave: expected, and worded for the author of the program. */
class Refusal extends Error {
  constructor (message) {
    super(message)
    this.name = 'Refusal'
  }
}

/** Answers requests by a table of methods; each may take its time, so several can be under way. */
class Channel {
  constructor (input, output, methods) {
    this.output = output
    this.methods = methods
    this.pending = new Map()
    this.calls = 0
    this.clock = () => ({})
    let rest = ''
    input.setEncoding('utf8')
    input.on('data', (text) => {
      const lines = (rest + text).split('\n')
      rest = lines.pop()
      for (const line of lines) this.receive(line)
    })
    input.on('end', () => process.exit(0))
  }

  send (message) {
    this.output.write(JSON.stringify(message) + '\n')
  }

  event (name, data = {}) {
    this.send({ event: name, ...this.clock(), ...data })
  }

  /** Ask the host to do something; a promise of its answer. */
  callHost (name, args) {
    const call = ++this.calls
    return new Promise((resolve, reject) => {
      this.pending.set(call, { resolve, reject })
      this.send({ call, name, args })
    })
  }

  receive (line) {
    const message = JSON.parse(line)
    if (message.answer === undefined) return this.serve(message)
    const waiting = this.pending.get(message.answer)
    this.pending.delete(message.answer)
    if (message.error) waiting?.reject(new Refusal(message.error))
    else waiting?.resolve(message.value)
  }

  serve ({ id, method, params }) {
    let outcome
    try {
      const found = Object.hasOwn(this.methods, method) ? this.methods[method] : null
      if (!found) throw new Error(`no method ${method}`)
      outcome = found(params ?? {}, id)
    } catch (error) {
      return this.fail(id, error)
    }
    if (!(outcome instanceof Promise)) return this.succeed(id, outcome)
    outcome.then((value) => this.succeed(id, value), (error) => this.fail(id, error))
  }

  succeed (id, value) {
    this.send({ id, ...this.clock(), value: value ?? null })
  }

  fail (id, error) {
    const kind = error instanceof Refusal ? 'refused' : error.kind ?? 'fault'
    const message = kind === 'fault' ? String(error.stack ?? error).slice(0, 2000) : error.message
    this.send({ id, ...this.clock(), error: { kind, message } })
  }
}

module.exports = { Channel, Refusal, PROTOCOL }
