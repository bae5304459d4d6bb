import { FLAGS, formatToken, OUTCOMES, POPULATIONS, reasonName, typeName } from 'tokentrail'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import type { EventRow } from '../../src/event/row.ts'
import { openGate, SYSTEM, type Gate } from './support.ts'

let gate: Gate
beforeEach(async () => void (gate = await openGate()))
afterEach(() => gate.close())

const validated = (rows: readonly EventRow[]) =>
  rows.filter(({ type }) => ['token.validated', 'token.consumed'].includes(typeName(type)))
const last = async () => validated(await gate.rows()).at(-1)!

describe('an access token', () => {
  test('is accepted, named in the answer without its secret, and recorded as its own', async () => {
    const { record, token } = await gate.issue({ scopes: ['orders:read'], name: 'worker' })
    const verdict = await gate.validate(token, {
      scopes: ['orders:read'],
      route: '/orders/{id}',
      method: 'GET',
      ip: '192.0.2.7',
      userAgent: 'curl/8.5',
    })
    expect(verdict).toMatchObject({
      verdict: 'accepted',
      reason: 'valid',
      answer: 'accepted',
      token: { id: record.id, name: 'worker', digest: null, salt: null },
    })
    expect(verdict).not.toHaveProperty('recorded')
    expect(await last()).toMatchObject({
      tenant: gate.own.no,
      outcome: OUTCOMES.accepted,
      population: POPULATIONS.attributed,
      tokenNo: record.no,
      ownerNo: record.ownerNo,
      route: '/orders/{id}',
      method: 'GET',
      scope: 'orders:read',
      client: 'curl',
      count: 1,
      shape: '',
      claimedNo: 0,
    })
    expect((await last()).fingerprint).toEqual(new Uint8Array(16))
    expect((await last()).addressDay).not.toBe(0n)
  })

  test('is judged at once from the second use on, with the same verdict', async () => {
    const { token } = await gate.issue()
    const first = await gate.validate(token)
    const again = gate.door.judge({ tenantNo: gate.own.no, token })
    expect(again).toMatchObject({ verdict: 'accepted', reason: 'valid', token: first.token })
    await again?.recorded
    expect((await last()).cache).toBe(1)
  })

  test('revoked is refused from the very next validation, at once and after a lookup', async () => {
    const { record, token } = await gate.issue()
    await gate.validate(token)
    const which = { tenantNo: gate.own.no, actor: SYSTEM, id: record.id }
    await gate.issuer.revoke({ ...which, reason: 'leaked' })
    expect(gate.door.judge({ tenantNo: gate.own.no, token })?.reason ?? 'not at hand').not.toBe('valid')
    const verdict = await gate.validate(token)
    expect(verdict).toMatchObject({ verdict: 'rejected', reason: 'revoked', answer: 'invalid' })
    gate.clock.move(5000)
    await gate.validate(token)
    const [ending] = (await gate.rows()).filter(({ type }) => typeName(type) === 'token.revoked')
    expect(await last()).toMatchObject({
      tokenNo: record.no,
      endedByWriter: ending!.writer,
      endedBySeq: ending!.seq,
      sinceEndMs: 5000,
    })
  })

  test('changed while it is being read is not cached as it was', async () => {
    const { record, token } = await gate.issue()
    const fresh = gate.anotherDoor({
      records: (records) => ({
        ...records,
        read: {
          ...records.read,
          tokenByPublicId: async (id, tenantNo) => {
            const found = await records.read.tokenByPublicId(id, tenantNo)
            await gate.issuer.revoke({ tenantNo: gate.own.no, actor: SYSTEM, id: record.id })
            return found
          },
          tokenByNo: () => Promise.resolve(null),
        },
      }),
    })
    expect((await fresh.validate({ tenantNo: gate.own.no, token })).reason).toBe('valid')
    expect(fresh.judge({ tenantNo: gate.own.no, token })).toBeUndefined()
  })

  test('of another tenant is refused as such and stays behind its fingerprint', async () => {
    const { record, token } = await gate.issue({}, gate.other)
    const verdict = await gate.validate(token)
    expect(verdict).toMatchObject({ reason: 'wrong_audience', answer: 'invalid', token: null })
    expect(await last()).toMatchObject({
      tenant: gate.own.no,
      tokenNo: 0,
      claimedNo: 0,
      ownerNo: 0,
      population: POPULATIONS.unattributed,
    })
    expect((await last()).fingerprint).not.toEqual(new Uint8Array(16))
    expect((await gate.door.validate({ tenantNo: gate.other.no, token })).token?.no).toBe(record.no)
  })

  test('keeps to its addresses, origins, methods and scopes', async () => {
    const { token } = await gate.issue({
      cidrs: ['10.0.0.0/8', '2001:db8::/32'],
      origins: ['https://app.example'],
      methods: ['GET'],
      scopes: ['a'],
    })
    const good = { ip: '10.1.2.3', origin: 'https://app.example', method: 'GET', scopes: ['a'] }
    const reasons = [
      await gate.validate(token, good),
      await gate.validate(token, { ...good, ip: '::ffff:10.9.9.9' }),
      await gate.validate(token, { ...good, ip: '2001:db8:1::1' }),
      await gate.validate(token, { ...good, ip: '11.0.0.1' }),
      await gate.door.validate({ tenantNo: gate.own.no, token, origin: 'https://app.example', method: 'GET' }),
      await gate.validate(token, { ...good, ip: 'junk' }),
      await gate.validate(token, { ...good, origin: 'https://evil.example' }),
      await gate.validate(token, { ...good, method: 'POST' }),
      await gate.validate(token, { ...good, scopes: ['a', 'b'] }),
    ].map(({ reason }) => reason)
    expect(reasons).toEqual([
      'valid',
      'valid',
      'valid',
      'address_forbidden',
      'address_forbidden',
      'address_forbidden',
      'origin_forbidden',
      'method_forbidden',
      'scope_missing',
    ])
  })

  test('with a use limit is exhausted by its last use, whoever comes at once', async () => {
    const { token } = await gate.issue({ usesMax: 3 })
    expect((await gate.validate(token, { check: true })).reason).toBe('valid')
    const verdicts = await Promise.all(Array.from({ length: 20 }, () => gate.validate(token)))
    expect(verdicts.filter(({ reason }) => reason === 'valid')).toHaveLength(3)
    expect(verdicts.filter(({ reason }) => reason === 'exhausted')).toHaveLength(17)
    const told = await gate.told()
    expect(told.filter((line) => line.startsWith('token.exhausted'))).toHaveLength(1)
    expect(told.filter((line) => line === 'token.validated valid')).toHaveLength(4)
  })

  test('a honeytoken is refused, precisely inside', async () => {
    const { token } = await gate.issue({ canary: true })
    expect(await gate.validate(token)).toMatchObject({ reason: 'canary', answer: 'invalid' })
    expect((await last()).flags & FLAGS.canary).toBe(FLAGS.canary)
  })

  test('of a disabled owner is refused from the next validation on', async () => {
    const { token } = await gate.issue({ owner: 'leaver' })
    await gate.validate(token)
    await gate.records.act('putOwner', {
      tenantNo: gate.own.no,
      id: 'leaver',
      disabled: true,
      at: gate.clock.now(),
      actor: SYSTEM,
    })
    expect((await gate.validate(token)).reason).toBe('owner_disabled')
  })

  test('suspended for a while works again by itself', async () => {
    const { record, token } = await gate.issue()
    const which = { tenantNo: gate.own.no, actor: SYSTEM, id: record.id }
    await gate.issuer.suspend({ ...which, until: gate.clock.now() + 60_000 })
    expect((await gate.validate(token)).reason).toBe('suspended')
    gate.clock.move(60_000)
    expect((await gate.validate(token)).reason).toBe('valid')
    await gate.issuer.suspend(which)
    await gate.issuer.resume(which)
    expect((await gate.validate(token)).reason).toBe('valid')
  })

  test('expires on the millisecond, and says since when', async () => {
    const { token } = await gate.issue({ ttlSeconds: 10 })
    gate.clock.move(9999)
    expect((await gate.validate(token)).reason).toBe('valid')
    gate.clock.move(1)
    expect((await gate.validate(token)).reason).toBe('expired')
    gate.clock.move(250)
    await gate.validate(token)
    expect((await last()).sinceEndMs).toBe(250)
  })
})

describe('rotation', () => {
  test('keeps the predecessor working through its grace, and no longer', async () => {
    const { record, token } = await gate.issue({ scopes: ['a'], ttlSeconds: 86_400, rateLimit: { count: 50, windowMs: 1000 } })
    await gate.validate(token)
    const rotated = await gate.issuer.rotate({
      tenantNo: gate.own.no,
      actor: SYSTEM,
      id: record.id,
      graceSeconds: 60,
      reason: 'scheduled',
    })
    expect(rotated.record).toMatchObject({
      scopes: ['a'],
      generation: 2,
      familyNo: record.familyNo,
      rateLimit: { count: 50, windowMs: 1000 },
    })
    expect(rotated.record.expiresAt).toBe(gate.clock.now() + 86_400_000)
    expect((await gate.validate(token)).reason).toBe('in_grace')
    expect((await gate.validate(rotated.token)).reason).toBe('valid')
    gate.clock.move(60_000)
    expect((await gate.validate(token)).reason).toBe('superseded')
    expect((await gate.validate(rotated.token)).reason).toBe('valid')
    expect((await gate.validate(token)).token?.successorNo).toBe(rotated.record.no)
  })
})

describe('a text that belongs to nobody', () => {
  test('is refused by what is wrong with it, with its shape and no token', async () => {
    const { token } = await gate.issue()
    const wrong = token.slice(0, -1) + (token.endsWith('0') ? '1' : '0')
    const texts = ['x'.repeat(5000), 'Bearer\r\nSet-Cookie: a', '\u{1f600}\uD800', '', `${token} `, wrong, `${token}\0`]
    const reasons = []
    for (const text of texts) reasons.push((await gate.validate(text)).reason)
    expect(reasons).toEqual(['too_long', 'malformed', 'malformed', 'malformed', 'malformed', 'bad_checksum', 'malformed'])
    const rows = validated(await gate.rows())
    expect(rows.map(({ population, tokenNo }) => [population, tokenNo])).toEqual(texts.map(() => [POPULATIONS.unattributed, 0]))
    expect(rows[0]?.shape).toBe('other/>4096/base62/none')
    expect(rows[5]?.shape).toBe('known/65-128/base62/bad')
    expect(new Set(rows.map(({ fingerprint }) => Buffer.from(fingerprint).toString('hex'))).size).toBe(texts.length)
  })

  test('that names a token without proving it carries the claim and not the token', async () => {
    const { record, token } = await gate.issue()
    const forged = forge(token)
    expect(await gate.validate(forged)).toMatchObject({ reason: 'wrong_secret', answer: 'invalid', token: null })
    expect(await last()).toMatchObject({ tokenNo: 0, claimedNo: record.no, population: POPULATIONS.unattributed, ownerNo: 0 })
    expect((await gate.validate(token)).reason).toBe('valid')
  })

  test('and one whose secret is wrong take the same steps: equal lookups, equal answers', async () => {
    let reads = 0
    const counting = gate.anotherDoor({
      records: (records) => ({
        ...records,
        read: { ...records.read, tokenByPublicId: (...args) => (reads++, records.read.tokenByPublicId(...args)) },
      }),
    })
    const { token } = await gate.issue()
    await counting.validate({ tenantNo: gate.own.no, token })
    const steps = async (text: string) => {
      const before = reads
      const { verdict, answer, token: named } = await counting.validate({ tenantNo: gate.own.no, token: text })
      return { reads: reads - before, verdict, answer, named }
    }
    const wrong = await steps(forge(token))
    expect(wrong).toEqual({ reads: 1, verdict: 'rejected', answer: 'invalid', named: null })
    expect(await steps(forge(token, 'Q'.repeat(16)))).toEqual(wrong)
  })

  test('repeated within a second costs no lookup, and is known as soon as it is issued', async () => {
    let reads = 0
    const counting = gate.anotherDoor({
      records: (records) => ({
        ...records,
        read: { ...records.read, tokenByPublicId: (...args) => (reads++, records.read.tokenByPublicId(...args)) },
      }),
    })
    const { token } = await gate.issue()
    const request = { tenantNo: gate.own.no, token: forge(token) }
    for (let i = 0; i < 5; i++) expect((await counting.validate(request)).reason).toBe('wrong_secret')
    expect(reads).toBe(1)
    await gate.issue()
    await counting.validate(request)
    expect(reads).toBe(2)
    gate.clock.move(1001)
    await counting.validate(request)
    expect(reads).toBe(3)
  })
})

describe('faults are answers', () => {
  const broken = Promise.reject<null>(new Error('disk'))
  broken.catch(() => undefined)
  const failing = () =>
    gate.anotherDoor({
      records: (records) => ({ ...records, read: { ...records.read, tokenByPublicId: () => broken } }),
    })

  test('records that do not answer make `unavailable`, while cached tokens go on', async () => {
    const { token } = await gate.issue()
    const door = failing()
    expect(await door.validate({ tenantNo: gate.own.no, token: forge(token) })).toMatchObject({
      reason: 'records_unavailable',
      answer: 'unavailable',
      token: null,
    })
    expect(await last()).toMatchObject({ population: POPULATIONS.fault, tokenNo: 0 })
    await door.warm(gate.own.no)
    expect((await door.validate({ tenantNo: gate.own.no, token })).reason).toBe('valid')
  })

  test('a silent feed is answered by reading again, else as stale', async () => {
    const { token } = await gate.issue()
    const silent = (broken: boolean) =>
      gate.anotherDoor({
        records: (records) => ({
          ...records,
          feedIsFresh: () => false,
          ...(broken && { read: { ...records.read, tokenByPublicId: () => Promise.reject(new Error('gone')) } }),
        }),
      })
    const door = silent(false)
    await door.warm(gate.own.no)
    expect(door.judge({ tenantNo: gate.own.no, token })).toBeUndefined()
    expect((await door.validate({ tenantNo: gate.own.no, token })).reason).toBe('valid')
    expect((await last()).cache).toBe(3)
    expect((await silent(true).validate({ tenantNo: gate.own.no, token })).reason).toBe('stale')
  })

  test('a tenant that is not there is a verifier set up wrongly', async () => {
    expect(await gate.door.validate({ tenantNo: 999, token: 'x' })).toMatchObject({
      reason: 'misconfigured',
      answer: 'unavailable',
    })
    expect(reasonName((await last()).reason)).toBe('misconfigured')
  })
})

/** The same text with another secret (and id), and a good checksum. */
function forge(token: string, id?: string): string {
  const [prefix = '', ownId = ''] = token.split('_')
  return formatToken(prefix, id ?? ownId, 'A'.repeat(43))
}
