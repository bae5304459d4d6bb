import * as fc from 'fast-check'
import { formatToken, newTokenId, typeName } from 'tokentrail'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { createAllowances } from '../../src/tokens/allowance.ts'
import { sourceKey, type DoorLimits } from '../../src/tokens/limits.ts'
import { openGate, type Gate } from './support.ts'

const LIMITS: DoorLimits = { sourceFailures: { count: 5, windowMs: 60_000 }, globalFailures: { count: 12, windowMs: 1000 } }
let gate: Gate
beforeEach(async () => void (gate = await openGate({ limits: LIMITS })))
afterEach(() => gate.close())

const unknown = () => formatToken('ttk', newTokenId(), 'C'.repeat(43))
const episodes = async () =>
  (await gate.rows())
    .filter(({ type }) => typeName(type).startsWith('limit.'))
    .map(({ type, limit, detail, tokenNo }) => ({ type: typeName(type), limit, tokenNo, ...JSON.parse(detail) }))

describe("a token's own limit", () => {
  test('lets through exactly what it allows, however many come at once, and says when to come back', async () => {
    const { token } = await gate.issue({ rateLimit: { count: 10, windowMs: 1000 } })
    const verdicts = await Promise.all(Array.from({ length: 1000 }, () => gate.validate(token)))
    expect(verdicts.filter(({ reason }) => reason === 'valid')).toHaveLength(10)
    const throttled = verdicts.filter(({ reason }) => reason === 'limit_token')
    expect(throttled).toHaveLength(990)
    expect(throttled[0]).toMatchObject({ answer: 'throttled', retryAfterMs: 100 })
    gate.clock.move(100)
    expect((await gate.validate(token)).reason).toBe('valid')
    expect((await gate.validate(token)).reason).toBe('limit_token')
    expect((await gate.validate(token, { check: true })).reason).toBe('limit_token')
  })

  test('is spent neither by checks nor by what is refused anyway', async () => {
    const { token } = await gate.issue({ rateLimit: { count: 1, windowMs: 1000 } })
    for (let i = 0; i < 5; i++) await gate.validate(token, { check: true })
    for (let i = 0; i < 5; i++) expect((await gate.validate(token, { scopes: ['no'] })).reason).toBe('scope_missing')
    expect((await gate.validate(token)).reason).toBe('valid')
  })

  test('is one episode from the first refusal until it has been silent for its window', async () => {
    const { record, token } = await gate.issue({ rateLimit: { count: 1, windowMs: 1000 } })
    for (let i = 0; i < 4; i++) await gate.validate(token)
    expect(await episodes()).toEqual([{ type: 'limit.entered', limit: 'limit_token', tokenNo: record.no, windowMs: 1000 }])
    gate.clock.move(500)
    await gate.validate(token)
    const from = gate.clock.now() - 500
    gate.clock.move(5000)
    await gate.validate(token)
    await gate.validate(token)
    const told = await episodes()
    expect(told.map(({ type }) => type)).toEqual(['limit.entered', 'limit.left', 'limit.entered'])
    expect(told[1]).toMatchObject({ rejected: 4, peakPerSecond: 4, from, to: from + 500 })
    gate.door.close()
    expect((await episodes()).map(({ type }) => type)).toEqual(['limit.entered', 'limit.left', 'limit.entered', 'limit.left'])
  })
})

describe("a source's failures", () => {
  test('once spent, it learns nothing about any token until time has passed', async () => {
    const { token } = await gate.issue()
    const from = { ip: '192.0.2.7' }
    const reasons = []
    for (const text of [unknown(), 'junk', unknown(), unknown(), unknown(), unknown(), token, unknown()])
      reasons.push((await gate.validate(text, from)).reason)
    expect(reasons).toEqual([
      'unknown',
      'malformed',
      'unknown',
      'unknown',
      'unknown',
      'limit_source',
      'limit_source',
      'limit_source',
    ])
    expect((await gate.validate('junk', from)).reason).toBe('malformed')
    expect((await gate.validate(token, { ip: '192.0.2.8' })).reason).toBe('valid')
    expect((await gate.door.validate({ tenantNo: gate.other.no, token: unknown(), ...from })).reason).toBe('unknown')
    const limited = await gate.validate(token, from)
    gate.clock.move(limited.retryAfterMs ?? 0)
    expect((await gate.validate(token, from)).reason).toBe('valid')
    expect((await episodes()).filter(({ type }) => type === 'limit.entered')).toHaveLength(1)
  })

  test('are spent by a canary as by any unknown text, so the allowance does not tell them apart', async () => {
    const { token: canary } = await gate.issue({ canary: true })
    const answers = async (text: () => string, ip: string) => {
      const seen = []
      for (let i = 0; i < 7; i++) seen.push((await gate.validate(text(), { ip })).answer)
      return seen
    }
    const toCanary = await answers(() => canary, '192.0.2.20')
    expect(toCanary).toEqual(await answers(unknown, '192.0.2.21'))
    expect(toCanary).toContain('throttled')
  })

  test('are not spent by tokens that are known, however often they are refused', async () => {
    const { token } = await gate.issue({ scopes: [] })
    for (let i = 0; i < 20; i++) await gate.validate(token, { ip: '192.0.2.7', scopes: ['no'] })
    expect((await gate.validate(token, { ip: '192.0.2.7' })).reason).toBe('valid')
  })

  test('are counted for a /64 as a whole, and for mapped addresses as IPv4', () => {
    const keys = Array.from({ length: 100_000 }, (_, at) =>
      sourceKey(1, `2001:db8:0:7:${(at >> 8).toString(16)}::${(at & 255).toString(16)}`),
    )
    expect(new Set(keys).size).toBe(1)
    expect(sourceKey(1, '2001:db8:0:8::1')).not.toBe(keys[0])
    expect(sourceKey(1, '::ffff:192.0.2.7')).toBe(sourceKey(1, '192.0.2.7'))
    expect(sourceKey(2, '192.0.2.7')).not.toBe(sourceKey(1, '192.0.2.7'))
    expect([sourceKey(1, undefined), sourceKey(1, 'junk'), sourceKey(1, '192.0.2.7, 10.0.0.1')]).toEqual([
      undefined,
      undefined,
      undefined,
    ])
  })
})

describe("the door's own limit", () => {
  test('stops lookups of a flood from everywhere, while tokens at hand are not affected', async () => {
    const { token } = await gate.issue()
    await gate.validate(token)
    const reasons = []
    for (let i = 0; i < 20; i++) reasons.push((await gate.validate(unknown(), { ip: `198.51.100.${i}` })).reason)
    expect(reasons.filter((reason) => reason === 'unknown')).toHaveLength(12)
    expect(reasons.slice(12)).toEqual(Array(8).fill('limit_global'))
    expect((await gate.validate(token)).reason).toBe('valid')
    gate.clock.move(1000)
    expect((await gate.validate(unknown())).reason).toBe('unknown')
  })
})

test("a tenant's limit, where one is set, holds for all its tokens together", async () => {
  const door = gate.anotherDoor({ limits: { ...LIMITS, tenant: { count: 3, windowMs: 1000 } } })
  const tokens = await Promise.all([gate.issue(), gate.issue()])
  const reasons = []
  for (let i = 0; i < 5; i++) reasons.push((await door.validate({ tenantNo: gate.own.no, token: tokens[i % 2]!.token })).reason)
  expect(reasons).toEqual(['valid', 'valid', 'valid', 'limit_tenant', 'limit_tenant'])
})

describe('an allowance', () => {
  test('never lets through more than burst and refill together, nor less, at any times', () => {
    const rate = fc.record({ count: fc.integer({ min: 1, max: 50 }), windowMs: fc.integer({ min: 10, max: 10_000 }) })
    fc.assert(
      fc.property(rate, fc.array(fc.integer({ min: 0, max: 5_000_000 }), { maxLength: 300 }), (given, steps) => {
        const allowances = createAllowances<string>(10)
        let [ticks, taken] = [1_000_000_000, 0]
        const start = ticks
        let mayReturn = true
        for (const step of steps) {
          ticks += step
          const wait = allowances.waitMs('a', given, ticks)
          expect(allowances.take('a', given, ticks) > 0).toBe(wait > 0)
          if (wait === 0) taken++
          else mayReturn &&= allowances.waitMs('a', given, ticks + wait * 1000) === 0
        }
        expect(mayReturn).toBe(true)
        expect(taken).toBeLessThanOrEqual(given.count + Math.ceil(((ticks - start) * given.count) / (given.windowMs * 1000)) + 1)
        expect(taken).toBeGreaterThanOrEqual(Math.min(steps.length, given.count))
      }),
    )
  })

  test('is bounded: the first spent key goes, and whole ones are tidied away', () => {
    const allowances = createAllowances<number>(100)
    for (let key = 0; key < 10_000; key++) allowances.take(key, { count: 1, windowMs: 1000 }, 0)
    expect(allowances.size()).toBe(100)
    expect(allowances.waitMs(9999, { count: 1, windowMs: 1000 }, 0)).toBe(1000)
    allowances.tidy(1_000_000)
    expect(allowances.isIdle()).toBe(true)
  })
})
