import { existsSync, readFileSync } from 'node:fs'
import { expect, test } from 'vitest'

const page = readFileSync(new URL('../docs/asvs.md', import.meta.url), 'utf8')
const rows = page.split('\n').flatMap((line) => {
  const [, id = '', , state = '', how = '', tests = ''] = line.split('|').map((cell) => cell.trim())
  return /^V\d/.test(id) ? [{ id, state, how, tests: [...tests.matchAll(/`([^`]+)`/g)].map(([, file]) => file ?? '') }] : []
})
const musts = readFileSync(new URL('../../shared/design/asvs.csv', import.meta.url), 'utf8')
  .split('\n')
  .flatMap((line) => (line.split(',')[3] === 'must' ? [line.split(',')[0] ?? ''] : []))

test('every demand that is a must stands on the page, once', () => {
  expect(musts.length).toBeGreaterThan(100)
  expect(rows.map(({ id }) => id)).toEqual(musts)
})

test('each says how it is met or what is missing, and names tests that exist', () => {
  for (const { id, state, how, tests } of rows) {
    expect([id, ['met', 'partly', 'not met'].includes(state), how.length > 3]).toEqual([id, true, true])
    expect([id, state !== 'met' || tests.length > 0]).toEqual([id, true])
    for (const file of tests) expect([id, file, existsSync(new URL(`../${file}`, import.meta.url))]).toEqual([id, file, true])
  }
})

test('the counts in its head are those of its rows', () => {
  const count = (state: string): number => rows.filter((row) => row.state === state).length
  expect(page).toContain(`${count('met')} met, ${count('partly')} partly, ${count('not met')} not met`)
})
