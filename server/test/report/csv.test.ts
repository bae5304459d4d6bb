import * as fc from 'fast-check'
import { expect, test } from 'vitest'
import { csvLine } from '../../src/report/pack/csv.ts'

const TRIGGER = /^[\s\u00a0\ufeff]*[=+\-@\t\r\uff1d\uff0b\uff0d\uff20]/

/** Reads one line of CSV as RFC 4180 says, without our code. */
function parse(line: string): string[] {
  const cells: string[] = []
  let [cell, quoted] = ['', false]
  for (let i = 0; i < line.length; i += 1) {
    const letter = line.charAt(i)
    if (quoted && letter === '"' && line.charAt(i + 1) === '"') {
      cell += letter
      i += 1
    } else if (letter === '"') quoted = !quoted
    else if (letter === ',' && !quoted) {
      cells.push(cell)
      cell = ''
    } else cell += letter
  }
  return [...cells, cell]
}

const nasty = fc.string({
  unit: fc.constantFrom(
    '=',
    '+',
    '-',
    '@',
    '\t',
    '\r',
    '\n',
    '"',
    ',',
    ' ',
    '\u00a0',
    '\uff1d',
    '\uff20',
    'a',
    '1',
    "'",
    '\ufeff',
  ),
  maxLength: 12,
})

test('no line of any cell begins like a formula, and nothing but an apostrophe was added', () => {
  fc.assert(
    fc.property(fc.array(fc.oneof(nasty, fc.string({ unit: 'binary' })), { minLength: 1, maxLength: 5 }), (cells) => {
      const line = csvLine(cells)
      expect(line.endsWith('\r\n')).toBe(true)
      const read = parse(line.slice(0, -2))
      expect(read).toHaveLength(cells.length)
      read.forEach((cell, i) => {
        for (const physical of cell.split(/\r\n|\n|\r/)) expect(TRIGGER.test(physical)).toBe(false)
        const lines = (cells[i] ?? '').split(/(\r\n|\n|\r)/)
        expect(cell).toBe(lines.map((each, at) => (at % 2 === 0 && TRIGGER.test(each) ? `'${each}` : each)).join(''))
      })
    }),
    { numRuns: 2000 },
  )
})

test('numbers, times and empty cells stay as they are', () => {
  expect(csvLine([-5, 0.25, true, null, '2026-06-17T00:00:00Z', 'plain'])).toBe('-5,0.25,true,,2026-06-17T00:00:00Z,plain\r\n')
})
