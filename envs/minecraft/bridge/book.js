'use strict'
// The names of a version's packets and things, by their numbers, without loading more of its data.
const DATA = 'minecraft-data/minecraft-data/data'

class Book {
  constructor (version) {
    this.paths = require(`${DATA}/dataPaths.json`).pc[version]
    if (!this.paths) throw new Error(`there is no data on version ${version}`)
    const { play } = this.read('protocol')
    this.toServer = ids(play.toServer)
    this.toClient = ids(play.toClient)
    this.tables = {}
  }

  read (kind) {
    return require(`${DATA}/${this.paths[kind]}/${kind}.json`)
  }

  /** The number of a packet to the server, undefined where the version has none of this name. */
  numberToServer (name) {
    for (const [number, one] of this.toServer) if (one === name) return number
  }

  table (kind) {
    return this.tables[kind] ??= new Map(this.read(kind).map((one) => [one.id, one.name]))
  }

  item (number) {
    return this.table('items').get(number)
  }

  entity (number) {
    return this.table('entities').get(number)
  }

  isBlock (name) {
    this.blocks ??= new Set(this.table('blocks').values())
    return this.blocks.has(name)
  }
}

function ids (direction) {
  const [{ type: [, { mappings }] }] = direction.types.packet[1]
  return new Map(Object.entries(mappings).map(([id, name]) => [Number(id), name]))
}

module.exports = { Book }
