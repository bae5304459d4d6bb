import * as fc from 'fast-check'
import { formatToken, newTokenId } from 'tokentrail'
import { afterAll, beforeAll, describe, expect, test, vi } from 'vitest'
import type { Records } from '../../src/records/records.ts'
import { createCoherence } from '../../src/tokens/coherence.ts'
import { createKnownTokens, recordOf } from '../../src/tokens/known-tokens.ts'
import { createLabels, LABELS_MAX } from '../../src/tokens/labels.ts'
import { shapeOf } from '../../src/tokens/shape.ts'
import { createUnknownTexts } from '../../src/tokens/unknown-texts.ts'
import { openGate, type Gate } from './support.ts'

let gate: Gate
beforeAll(
  async () =>
    void (gate = await openGate({
      limits: { sourceFailures: { count: 1e6, windowMs: 1000 }, globalFailures: { count: 1e6, windowMs: 1000 } },
    })),
)
afterAll(() => gate.close())

const readsCounted = (records: Records, count: () => void): Records => ({
  ...records,
  read: { ...records.read, tokenByPublicId: (...args) => (count(), records.read.tokenByPublicId(...args)) },
})

describe('the cache of the hot path', () => {
  test('is not touched by a flood of unknown texts and wrong secrets', async () => {
    const issued = await Promise.all(Array.from({ length: 20 }, () => gate.issue()))
    const door = gate.anotherDoor({ cacheMax: 20 })
    for (const { token } of issued) await door.validate({ tenantNo: gate.own.no, token })
    expect(door.cacheSize()).toBe(20)
    for (let i = 0; i < 3000; i++) {
      const id = i % 3 === 0 ? issued[i % 20]!.record.id : newTokenId()
      const { verdict } = await door.validate({ tenantNo: gate.own.no, token: formatToken('ttk', id, 'D'.repeat(43)) })
      expect(verdict).toBe('rejected')
    }
    for (const { token } of issued) expect(door.judge({ tenantNo: gate.own.no, token })?.reason).toBe('valid')
    expect(door.cacheSize()).toBe(20)
  })

  test('has a token at hand as soon as it is issued or changed', async () => {
    const { record, token } = await gate.issue()
    await vi.waitFor(() => expect(gate.door.judge({ tenantNo: gate.own.no, token })?.reason).toBe('valid'))
    const which = { tenantNo: gate.own.no, actor: { no: 0, kind: 'system' as const }, id: record.id }
    await gate.issuer.change({ ...which, change: { scopes: ['new'] } })
    await vi.waitFor(() => expect(gate.door.judge({ tenantNo: gate.own.no, token, scopes: ['new'] })?.reason).toBe('valid'))
  })

  test('warmed, needs no lookup, and reads what it cannot hold', async () => {
    let reads = 0
    const issued = await Promise.all(Array.from({ length: 30 }, () => gate.issue()))
    const door = gate.anotherDoor({ records: (records) => readsCounted(records, () => reads++) })
    expect(await door.warm(gate.own.no)).toBeGreaterThanOrEqual(30)
    for (const { token } of issued) expect((await door.validate({ tenantNo: gate.own.no, token })).reason).toBe('valid')
    expect(reads).toBe(0)
    const small = gate.anotherDoor({ cacheMax: 10, records: (records) => readsCounted(records, () => reads++) })
    expect(await small.warm(gate.own.no)).toBe(10)
    for (const { token } of issued) expect((await small.validate({ tenantNo: gate.own.no, token })).reason).toBe('valid')
    expect(reads).toBeGreaterThan(0)
    expect(small.cacheSize()).toBe(10)
  })

  test('gives back every field of a record but its secret', async () => {
    const { record } = await gate.issue({
      name: 'n',
      scopes: ['a'],
      metadata: { team: 'x' },
      cidrs: ['10.0.0.0/8'],
      origins: ['https://a.example'],
      methods: ['GET'],
      usesMax: 5,
      rateLimit: { count: 1, windowMs: 1 },
      environment: 'live',
      notBefore: 1,
      ttlSeconds: 60,
    })
    const stored = (await gate.records.read.token(gate.own.no, record.id))!
    const tokens = createKnownTokens(10)
    expect(recordOf(tokens.put(record.id, stored, gate.own, 0))).toEqual({ ...stored, digest: null, salt: null })
  })

  test('forgets first what was not used, and never holds more than its bound', async () => {
    const { record } = await gate.issue()
    const stored = (await gate.records.read.token(gate.own.no, record.id))!
    const tokens = createKnownTokens(100)
    const put = (no: number) => tokens.put(`id-${no}`, { ...stored, no, id: `id-${no}` }, gate.own, 0)
    for (let no = 0; no < 100; no++) put(no).isUsed = no < 10
    for (let no = 100; no < 185; no++) put(no)
    expect(tokens.size()).toBe(100)
    for (let no = 0; no < 10; no++) expect(tokens.get(`id-${no}`), `used token ${no}`).toBeDefined()
    expect(tokens.get('id-10')).toBeUndefined()
    tokens.forget(184, 'id-184')
    expect(tokens.get('id-184')).toBeUndefined()
  })
})

test('what was read before a change is never cached after it, in any order of events', () => {
  const step = fc.oneof(
    fc.record({ do: fc.constant('read' as const), no: fc.nat(3) }),
    fc.record({ do: fc.constant('change' as const), no: fc.nat(3) }),
    fc.record({ do: fc.constant('finish' as const), no: fc.nat(10) }),
    fc.constant({ do: 'all' as const, no: 0 }),
  )
  fc.assert(
    fc.property(fc.array(step, { maxLength: 60 }), fc.integer({ min: 1, max: 3 }), (steps, memory) => {
      const coherence = createCoherence(memory)
      const versions = [1, 1, 1, 1]
      const cached: boolean[] = []
      const reads: { begun: number; no: number; version: number }[] = []
      for (const { do: what, no } of steps) {
        if (what === 'read') reads.push({ begun: coherence.begin(), no, version: versions[no]! })
        else if (what === 'change') coherence.note({ no, id: String(no), version: ++versions[no]! })
        else if (what === 'all') {
          for (const at of versions.keys()) versions[at]!++
          coherence.note('all')
        } else {
          const [read] = reads.splice(no % Math.max(1, reads.length), 1)
          if (read && coherence.isFresh(read.begun, read)) cached.push(read.version === versions[read.no])
        }
      }
      expect(cached).not.toContain(false)
    }),
  )
})

test('refusals are remembered for half a second to a second, and bounded', () => {
  const texts = createUnknownTexts(100)
  const refusal = { reason: 'unknown', claimedNo: 0 } as const
  texts.put('a', refusal, 0)
  expect(texts.get('a', 499_999)).toBe(refusal)
  expect(texts.get('a', 1_000_001)).toBeUndefined()
  for (let i = 0; i < 10_000; i++) texts.put(`t${i}`, refusal, 2_000_000)
  const kept = Array.from({ length: 10_000 }, (_, i) => texts.get(`t${i}`, 2_000_000)).filter(Boolean)
  expect(kept.length).toBeLessThanOrEqual(100)
  expect(texts.get('t9999', 2_000_000)).toBe(refusal)
  texts.clear()
  expect(texts.get('t9999', 2_000_000)).toBeUndefined()
})

describe('labels', () => {
  test('are folded to other beyond their bound, per tenant, and known ones stay', () => {
    const labels = createLabels()
    for (const [name, max] of Object.entries(LABELS_MAX) as [keyof typeof LABELS_MAX, number][]) {
      for (let i = 0; i < max; i++) expect(labels(1, name, `v${i}`)).toBe(`v${i}`)
      expect(labels(1, name, 'one more')).toBe('other')
      expect(labels(1, name, 'v0')).toBe('v0')
      expect(labels(2, name, 'one more')).toBe('one more')
    }
  })

  test.each(['a\nb', 'a\r\nb', '\0', 'x'.repeat(201), '\uD800', '\u202Eevil', '\u2028'])(
    'that could not be shown (%j) are other',
    (value) => {
      expect(createLabels()(1, 'route', value)).toBe('other')
    },
  )
})

test('shapes are a small closed set, whatever is presented', () => {
  const prefixes = { access: 'ttk', action: 'tta', validation: 'ttv' }
  const shapes = new Set<string>()
  fc.assert(
    fc.property(
      fc.string({ unit: 'binary', maxLength: 200 }),
      fc.constantFrom('', 'ttk_', 'ttv_'),
      fc.nat(30),
      (text, start, times) => {
        shapes.add(shapeOf(start + text.repeat(times), prefixes))
      },
    ),
    { numRuns: 2000 },
  )
  for (const shape of shapes)
    expect(shape).toMatch(/^(known|other)\/(0|>4096|\d+-\d+)\/(empty|digits|hex|base62|base64url|ascii|mixed)\/(good|bad|none)$/)
})
