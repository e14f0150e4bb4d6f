'use strict'
// The game's packets as bytes: frames of a stream, compression, the numbers and texts in them.
// https://minecraft.wiki/w/Java_Edition_protocol/Packets (packet format, data types).
const zlib = require('node:zlib')

/** The longest frame of the protocol, and what one may hold once it is decompressed, in bytes. */
const LONGEST_FRAME = 1 << 21
const MOST_CONTENT = 1 << 21

/** A number in the protocol's variable form at `offset`: [value, offset after it], or null where more is to come. */
function readNumber (data, offset) {
  let value = 0
  for (let shift = 0; shift < 35; shift += 7) {
    if (offset >= data.length) return null
    const byte = data[offset++]
    value |= (byte & 0x7f) << shift
    if (byte < 0x80) return [value, offset]
  }
  throw new Error('the server sent a number without end')
}

function number (value) {
  const bytes = []
  for (; value > 0x7f; value >>>= 7) bytes.push((value & 0x7f) | 0x80)
  return Buffer.from([...bytes, value])
}

const sized = (data) => Buffer.concat([number(data.length), data])

/** A text at `offset`: [text, offset after it]. */
function readText (data, offset) {
  const [length, start] = whole(readNumber(data, offset))
  if (length < 0 || start + length > data.length) throw new Error('a text that is longer than its packet')
  return [data.toString('utf8', start, start + length), start + length]
}

function whole (found) {
  if (!found) throw new Error('a packet that ends too early')
  return found
}

/** Cuts a stream into frames, however it is parted. `take(frame)` gets each one's content for which `wanted()` holds as it begins. */
class Splitter {
  constructor (take, { longest = LONGEST_FRAME, wanted = () => true } = {}) {
    Object.assign(this, { take, longest, wanted, length: 0, shift: 0, missing: null, parts: null })
  }

  push (data) {
    for (let at = 0; at < data.length;) {
      if (this.missing === null) {
        at = this.head(data, at)
      } else {
        const end = Math.min(data.length, at + this.missing)
        this.parts?.push(data.subarray(at, end))
        this.missing -= end - at
        at = end
      }
      if (this.missing === 0) this.finish()
    }
  }

  /** Read on in a frame's length; the offset after what was read. */
  head (data, at) {
    const byte = data[at]
    this.length |= (byte & 0x7f) << this.shift
    this.shift += 7
    if (byte >= 0x80) {
      if (this.shift > 28) throw new Error('a frame of a strange length')
      return at + 1
    }
    if (this.length < 0 || this.length > this.longest) throw new Error('a frame of a strange length')
    this.missing = this.length
    this.parts = this.wanted() ? [] : null
    return at + 1
  }

  finish () {
    const { parts } = this
    Object.assign(this, { length: 0, shift: 0, missing: null, parts: null })
    if (parts) this.take(parts.length === 1 ? parts[0] : Buffer.concat(parts))
  }
}

/**
 * The packet in a frame: id and what follows.
 * @param threshold of the connection's compression, -1 for none
 * @param most bytes of a packet that is decompressed
 */
function open (frame, threshold, most = MOST_CONTENT) {
  let content = frame
  if (threshold >= 0) {
    const [length, start] = whole(readNumber(frame, 0))
    if (length < 0 || length > most) throw new Error('a packet of a strange length')
    content = frame.subarray(start)
    if (length) content = zlib.inflateSync(content, { maxOutputLength: length })
  }
  const [id, start] = whole(readNumber(content, 0))
  return { id, body: content.subarray(start) }
}

/** A whole frame, its length first, of a packet. */
function close ({ id, body }, threshold) {
  const content = Buffer.concat([number(id), body])
  if (threshold < 0) return sized(content)
  if (content.length < threshold) return sized(Buffer.concat([number(0), content]))
  return sized(Buffer.concat([number(content.length), zlib.deflateSync(content)]))
}

module.exports = { Splitter, close, number, open, readNumber, readText, sized, whole }
