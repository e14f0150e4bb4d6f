'use strict'
// Which recipe of the game's data a crafting grid holds.

const idOf = (entry) => (entry === null || entry === undefined || entry === -1) ? null : (entry.id ?? entry)
const empty = (line) => line.every((id) => id === null)

/** The rows of the grid without empty rows and columns around them. */
function trimmed (cells, width) {
  let rows = []
  for (let start = 0; start < cells.length; start += width) rows.push(cells.slice(start, start + width))
  while (rows.length && empty(rows[0])) rows.shift()
  while (rows.length && empty(rows.at(-1))) rows.pop()
  if (!rows.length) return rows
  while (rows.every((row) => row[0] === null)) rows = rows.map((row) => row.slice(1))
  while (rows.every((row) => row.at(-1) === null)) rows = rows.map((row) => row.slice(0, -1))
  return rows
}

function shaped (recipe, rows) {
  const wanted = recipe.inShape
  if (wanted.length !== rows.length) return false
  return wanted.every((row, y) => {
    const width = Math.max(row.length, rows[y].length)
    return Array.from({ length: width }).every((_, x) => idOf(row[x]) === (rows[y][x] ?? null))
  })
}

function shapeless (recipe, cells) {
  const wanted = recipe.ingredients.map(idOf).sort()
  const there = cells.filter((id) => id !== null).sort()
  return wanted.length === there.length && wanted.every((id, index) => id === there[index])
}

/** What `cells` (item ids or null, row by row) make: `{id, count}`, or null. */
exports.result = (registry, cells, width) => {
  const rows = trimmed(cells, width)
  if (!rows.length) return null
  for (const recipes of Object.values(registry.recipes)) {
    for (const recipe of recipes) {
      if (recipe.inShape ? shaped(recipe, rows) : recipe.ingredients && shapeless(recipe, cells)) {
        return { id: idOf(recipe.result), count: recipe.result.count ?? 1 }
      }
    }
  }
  return null
}
