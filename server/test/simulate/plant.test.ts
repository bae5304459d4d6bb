import { FLAGS, POPULATIONS, reasonId, reasonName, TYPES, typeName } from 'tokentrail'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { createRandom } from '../../src/simulate/random.ts'
import { DAY_MS } from '../../src/simulate/rhythm.ts'
import { plantDemo, startLiveTraffic, type DemoPlanted } from '../../src/simulate/plant.ts'
import { createDoor } from '../../src/tokens/open-door.ts'
import { NO_PEPPERS } from '../../src/tokens/peppers.ts'
import { openHouse, QUIET, type House } from '../connect/house.ts'
import type { EventRow } from '../../src/event/row.ts'

const OPTIONS = { seed: 7, calls: 12_000, surge: 1, log: QUIET }

async function plant(house: House, days = 30): Promise<DemoPlanted> {
  return plantDemo({ ...OPTIONS, ...house, days, signal: new AbortController().signal })
}

describe('a planted tenant', () => {
  let house: House
  let planted: DemoPlanted
  let rows: readonly EventRow[]

  beforeAll(async () => {
    house = await openHouse()
    planted = await plant(house)
    rows = await house.rows(house.tenant.no)
  })
  afterAll(() => house.close())

  test('holds thirty days of events, none of them marked as simulated or late', () => {
    const validations = rows.filter(({ type }) => type === TYPES['token.validated'].id)
    expect(validations.length).toBeGreaterThan(25_000)
    expect(validations.every(({ occurredAt }) => occurredAt >= planted.story.from && occurredAt < planted.story.to)).toBe(true)
    expect(validations.every(({ delayMs }) => delayMs >= 0 && delayMs < 1_000)).toBe(true)
    expect(rows.filter(({ flags }) => (flags & FLAGS.simulated) !== 0)).toEqual([])
    expect(new Set(validations.map(({ occurredAt }) => Math.floor(occurredAt / DAY_MS))).size).toBe(31)
  })

  test('has every token in records as the story tells it', async () => {
    for (const plan of planted.story.tokens) {
      const token = await house.records.read.token(house.tenant.no, plan.id)
      expect(token).toMatchObject({
        issuedAt: plan.issuedAt,
        expiresAt: plan.expiresAt,
        canary: plan.canary,
        scopes: plan.scopes,
        graceUntil: plan.rotation?.graceUntil ?? null,
      })
      expect(token?.ending === 'revoked').toBe(plan.revocation !== null)
    }
  })

  test('has a life event for every issue, rotation and revocation', () => {
    const count = (type: keyof typeof TYPES): number => rows.filter((row) => row.type === TYPES[type].id && row.kind === 1).length
    const { tokens } = planted.story
    expect(count('token.issued')).toBe(tokens.length)
    expect(count('token.rotated')).toBe(tokens.filter(({ rotation }) => rotation).length)
    expect(count('token.revoked')).toBe(tokens.filter(({ revocation }) => revocation).length)
  })

  test('attributes what is known and fingerprints what is not, never both', () => {
    const validations = rows.filter(({ type }) => type === TYPES['token.validated'].id)
    const isPrinted = ({ fingerprint }: EventRow): boolean => fingerprint.some((byte) => byte !== 0)
    expect(
      validations.filter((row) => row.population === POPULATIONS.attributed && (row.tokenNo === 0 || isPrinted(row))),
    ).toEqual([])
    expect(validations.filter((row) => row.population === POPULATIONS.unattributed && row.tokenNo !== 0)).toEqual([])
    expect(validations.every(({ network }) => network !== 0n)).toBe(true)
  })

  test('links uses after the end to the event that ended the token', () => {
    const after = rows.filter(
      ({ type, reason }) =>
        type === TYPES['token.validated'].id && ['revoked', 'superseded', 'consumed'].includes(reasonName(reason) ?? ''),
    )
    const endings = new Set(
      rows.filter(({ type }) => /revoked|rotated|consumed/.test(typeName(type))).map(({ writer, seq }) => `${writer}/${seq}`),
    )
    expect(after.length).toBeGreaterThan(1_000)
    expect(
      after.filter(
        ({ endedByWriter, endedBySeq, sinceEndMs }) => sinceEndMs < 0 || !endings.has(`${endedByWriter}/${endedBySeq}`),
      ),
    ).toEqual([])
  })

  test('has the incidents of the story, beat for beat', () => {
    for (const { beats, label } of planted.incidents) {
      const counts = new Map<string, number>()
      for (const { reason, at } of beats) counts.set(`${at} ${reasonId(reason)}`, 0)
      for (const { type, reason, occurredAt } of rows) {
        const key = `${occurredAt} ${reason}`
        if (type === TYPES['token.validated'].id && counts.has(key)) counts.set(key, (counts.get(key) ?? 0) + 1)
      }
      expect([label, [...counts].filter(([, count]) => count === 0)]).toEqual([label, []])
    }
    expect(rows.filter(({ type }) => typeName(type).startsWith('limit.')).map(({ type }) => typeName(type))).toEqual([
      'limit.entered',
      'limit.left',
    ])
  })

  test('has funnels of single-use tokens', () => {
    const count = (type: keyof typeof TYPES, kind: number): number =>
      rows.filter((row) => row.type === TYPES[type].id && row.kind === kind).length
    for (const kind of [2, 3]) {
      expect(count('token.issued', kind)).toBeGreaterThan(100)
      expect(count('token.sent', kind) + count('token.undelivered', kind)).toBe(count('token.issued', kind))
      expect(count('token.consumed', kind)).toBeLessThan(count('token.sent', kind))
    }
    expect(count('token.locked', 3)).toBeGreaterThan(0)
  })

  test('holds no text of a token', () => {
    const texts = planted.texts.filter((text) => text !== undefined)
    expect(texts.length).toBe(planted.story.tokens.length)
    const secrets = new Set(texts.map((text) => text.split('_')[2]?.slice(0, 43)))
    expect(secrets.size).toBe(texts.length)
    const written = JSON.stringify(rows.map(({ detail, requestId, shape }) => [detail, requestId, shape]))
    expect([...secrets].filter((secret) => written.includes(secret ?? ''))).toEqual([])
  })

  test('goes on live through the door, with real tokens', async () => {
    const door = createDoor({ ...house, peppers: NO_PEPPERS, log: QUIET })
    const live = startLiveTraffic({ door, clock: house.clock, log: QUIET, planted, perSecond: 20 })
    const before = rows.length
    const made = await live.step(house.clock.at, house.clock.at + 20_000)
    await live.stop()
    door.close()
    const after = (await house.rows(house.tenant.no)).slice(before).filter(({ type }) => type === TYPES['token.validated'].id)
    expect(made).toBeGreaterThan(100)
    expect(after).toHaveLength(made)
    const accepted = after.filter(({ outcome }) => outcome === 1)
    expect(accepted.length / made).toBeGreaterThan(0.85)
    expect(accepted.every(({ tokenNo }) => tokenNo > 0)).toBe(true)
  })
})

test('two plantings of one seed give the same events', async () => {
  const fingerprintOf = async (): Promise<string> => {
    const house = await openHouse()
    await plant(house, 5)
    const rows = await house.rows(house.tenant.no)
    await house.close()
    const facts = rows
      .filter(({ type }) => type === TYPES['token.validated'].id)
      .map(({ occurredAt, reason, service, route, method, scope, durationUs, kind }) =>
        [occurredAt, reason, service, route, method, scope, durationUs, kind].join('|'),
      )
    return facts.toSorted((a, b) => (a < b ? -1 : 1)).join('\n')
  }
  expect(await fingerprintOf()).toBe(await fingerprintOf())
})

test('planting can be broken off', async () => {
  const house = await openHouse()
  const stop = new AbortController()
  const planting = plantDemo({ ...OPTIONS, ...house, days: 2, signal: stop.signal, onProgress: () => stop.abort() })
  await expect(planting).rejects.toThrow('aborted')
  await house.close()
})

test('randomness of one part leaves the others as they are', () => {
  const random = createRandom('parts')
  const first = random.fork('a').next()
  random.next()
  expect(random.fork('a').next()).toBe(first)
})
