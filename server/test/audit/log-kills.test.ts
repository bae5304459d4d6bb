import { expect, inject, test } from 'vitest'
import { askForPostgres, createDatabase } from '../../../test/postgres.ts'
import { createRandom } from '../../src/simulate/random.ts'
import { killLogNodes, pauseLeader } from './log-kills.ts'

const nothingWrong = { missing: [], forks: [], differences: [] }

test('one process on SQLite that is killed at any moment loses and doubles nothing', { timeout: 60_000 }, async () => {
  const found = await killLogNodes({ nodes: 1, forMs: 8_000, killEveryMs: 700, random: createRandom(1).next })
  expect(found).toMatchObject(nothingWrong)
  expect(found.kills).toBeGreaterThan(2)
  expect(found.acknowledged).toBeGreaterThan(50)
})

test('several processes on one PostgreSQL that are killed at random show one history', { timeout: 90_000 }, async () => {
  const database = await createDatabase(await askForPostgres(inject('postgres')))
  try {
    const found = await killLogNodes({
      url: database.url,
      nodes: 3,
      forMs: 14_000,
      killEveryMs: 2_500,
      random: createRandom(2).next,
    })
    expect(found).toMatchObject(nothingWrong)
    expect(found.kills).toBeGreaterThan(4)
    expect(found.acknowledged).toBeGreaterThan(100)
    expect(found.checkpoints).toBeGreaterThan(1)
  } finally {
    await database.drop()
  }
})

test('a process that was paused while it led changes nothing that another has moved', { timeout: 120_000 }, async () => {
  const database = await createDatabase(await askForPostgres(inject('postgres')))
  try {
    const found = await pauseLeader(database.url)
    expect(found).toMatchObject(nothingWrong)
    expect(found.byOther).toBeGreaterThan(0)
  } finally {
    await database.drop()
  }
})
