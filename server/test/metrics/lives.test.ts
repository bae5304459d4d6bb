import { expect, test } from 'vitest'
import type { Clock } from '../../src/clock.ts'
import { type Lives, createLives } from '../../src/metrics/lives.ts'
import type { Records } from '../../src/records/records.ts'
import { NOW, useHouse } from '../query/house.ts'

const house = useHouse()
const SYSTEM = { no: 0, kind: 'system' } as const

/** The house's records, and how often a page of lives was asked for. */
function counted(): { readonly records: Records; pages(): number } {
  const { records } = house()
  let pages = 0
  const lives: Records['read']['lives'] = (tenantNo, page) => {
    pages++
    return records.read.lives(tenantNo, page)
  }
  return { records: { ...records, read: { ...records.read, lives } }, pages: () => pages }
}

function clockAt(): Clock & { move(ms: number): void } {
  let now = NOW
  return { now: () => now, ticks: () => 0, move: (ms) => void (now += ms) }
}

const endings = ({ all }: Lives): readonly (string | null)[] => all.map(({ cause }) => cause)

test('lives that were read once tell of a token that is new, revoked or turned into a canary', async () => {
  const { records } = counted()
  const tenant = await house().tenant()
  const read = createLives({ records, clock: clockAt() })
  await house().token(tenant, { id: 'first-token' })
  expect(endings(await read(tenant))).toEqual([null])
  await house().token(tenant, { id: 'second-token' })
  expect(endings(await read(tenant))).toEqual([null, null])
  await records.act('revokeToken', { tenantNo: tenant, id: 'first-token', reason: 'compromised', at: NOW, actor: SYSTEM })
  expect(endings(await read(tenant))).toEqual(['security', null])
  await records.act('changeToken', { tenantNo: tenant, id: 'second-token', change: { canary: true }, at: NOW, actor: SYSTEM })
  expect(await read(tenant)).toMatchObject({ all: [{ cause: 'security' }], apart: { canaries: 1, simulated: 0 } })
})

test('lives of another tenant never come in by a change', async () => {
  const { records } = counted()
  const [tenant, stranger] = [await house().tenant(), await house().tenant()]
  const read = createLives({ records, clock: clockAt() })
  await house().token(tenant, { id: 'own-token' })
  expect((await read(tenant)).all).toHaveLength(1)
  await house().token(stranger, { id: 'strange-token' })
  expect((await read(tenant)).all).toHaveLength(1)
})

test('readers at the same time read one after the other and get the same', async () => {
  const { records, pages } = counted()
  const tenant = await house().tenant()
  const read = createLives({ records, clock: clockAt() })
  for (let i = 0; i < 5; i++) await house().token(tenant, { id: `token-number-${i}` })
  const answers = await Promise.all([read(tenant), read(tenant), read(tenant)])
  for (const answer of answers) expect(answer).toEqual(answers[0])
  expect(answers[0]?.all).toHaveLength(5)
  // Two pages at first, the second empty; one empty page for each that follows.
  expect(pages()).toBe(4)
})

test('lives are read anew after a minute, for a purge is told by no change', async () => {
  const { records, pages } = counted()
  const [tenant, clock] = [await house().tenant(), clockAt()]
  const read = createLives({ records, clock })
  await house().token(tenant, { id: 'only-token' })
  await read(tenant)
  clock.move(60_000)
  await read(tenant)
  expect(pages()).toBe(4)
})
