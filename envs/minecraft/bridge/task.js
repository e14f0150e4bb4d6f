'use strict'
// One primitive at work: it ends when it is done, cancelled, out of time, or when the bot dies or is cut off.
const { Refusal } = require('./channel')

/** What the protocol library's words for the end of a connection mean. */
const WHY_LOST = { keepAliveError: 'the server said nothing for too long', socketClosed: 'it was closed' }

/** Why a primitive was stopped from outside. */
class Stopped extends Refusal {}

class Task {
  /**
   * @param bot the Mineflayer bot
   * @param seconds how long the primitive may take
   * @param late what is said when it takes longer
   */
  constructor (bot, seconds, late = `out of time for one call (${seconds} s); call again for the rest`) {
    this.bot = bot
    this.deadline = Date.now() + seconds * 1000
    this.reason = null
    this.stops = new Set()
    this.timer = setTimeout(() => this.stop(late), seconds * 1000)
    this.listeners = {
      death: () => this.stop('interrupted: you died'),
      end: (reason) => this.stop(`interrupted: the connection to the server was lost (${WHY_LOST[reason] ?? reason})`)
    }
    for (const [name, listener] of Object.entries(this.listeners)) bot.on(name, listener)
  }

  stop (reason) {
    if (this.reason) return
    this.reason = reason
    for (const stop of this.stops) stop()
    halt(this.bot)
  }

  check () {
    if (this.reason) throw new Stopped(this.reason)
  }

  /** `promise`, unless the task is stopped or `seconds` pass first; then it is abandoned. */
  async wait (promise, seconds = Infinity, late = 'the server did not answer') {
    this.check()
    promise.catch(() => {})
    let stop
    let timer
    const stopped = new Promise((_resolve, reject) => {
      stop = () => reject(new Stopped(this.reason))
      this.stops.add(stop)
      if (seconds < Infinity) timer = setTimeout(() => reject(new Refusal(late)), seconds * 1000)
    })
    try {
      return await Promise.race([promise, stopped])
    } finally {
      this.stops.delete(stop)
      clearTimeout(timer)
    }
  }

  sleep (milliseconds) {
    return this.wait(new Promise((resolve) => setTimeout(resolve, milliseconds)))
  }

  /** Wait until `test` holds; whether it did within `seconds`. */
  async until (test, seconds) {
    const end = Date.now() + seconds * 1000
    while (!test()) {
      if (Date.now() >= end) return false
      await this.sleep(50)
    }
    return true
  }

  close () {
    clearTimeout(this.timer)
    for (const [name, listener] of Object.entries(this.listeners)) this.bot.removeListener(name, listener)
  }
}

/** Stop whatever the bot is doing. */
function halt (bot) {
  try {
    bot.pathfinder?.setGoal(null)
    bot.stopDigging()
    bot.clearControlStates()
    if (bot.currentWindow) bot.closeWindow(bot.currentWindow)
  } catch (error) {
    console.error('halt:', error.message)
  }
}

module.exports = { Task, Stopped, halt }
