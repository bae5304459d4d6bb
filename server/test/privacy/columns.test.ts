import { readFileSync } from 'node:fs'
import { expect, test } from 'vitest'
import { EVENT_COLUMNS } from '../../src/event/row.ts'

test('the page on privacy says of every column of an event what an erasure does to it', () => {
  const page = readFileSync(new URL('../../../docs/privacy.md', import.meta.url), 'utf8')
  const cells = [...page.matchAll(/^\| (`[^|]+)\|/gm)].map(([, cell = '']) => cell)
  const said = new Set(cells.flatMap((cell) => [...cell.matchAll(/`([a-z_*]+)`/g)].map(([, name = '']) => name)))
  const isSaid = (column: string) =>
    [...said].some((name) => name === column || (name.endsWith('*') && column.startsWith(name.slice(0, -1))))
  expect(EVENT_COLUMNS.map(({ column }) => column).filter((column) => !isSaid(column))).toEqual([])
})
