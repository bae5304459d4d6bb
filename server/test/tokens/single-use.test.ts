import { FLAGS, formatToken, typeName } from 'tokentrail'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import type { Issued } from '../../src/tokens/issuer.ts'
import { openGate, SYSTEM, type Gate } from './support.ts'

let gate: Gate
beforeAll(async () => void (gate = await openGate()))
afterAll(() => gate.close())

const rowsOf = async ({ record }: Issued) =>
  (await gate.rows()).filter(({ tokenNo, claimedNo }) => tokenNo === record.no || claimedNo === record.no)
const typesOf = async (issued: Issued) => (await rowsOf(issued)).map(({ type }) => typeName(type))

describe('an action token', () => {
  const pay = { action: 'pay', resource: 'order-1' }

  test('lives 30 minutes by default, is bound to action and resource, and needs both', async () => {
    const { record, token } = await gate.issue({ kind: 'action', ...pay })
    expect(record).toMatchObject({
      kind: 'action',
      expiresAt: gate.clock.now() + 30 * 60_000,
      action: 'pay',
      resource: 'order-1',
    })
    expect((await gate.validate(token, { ...pay, action: 'refund' })).reason).toBe('wrong_action')
    expect((await gate.validate(token, { ...pay, resource: 'order-2' })).reason).toBe('wrong_resource')
    expect((await gate.validate(token)).reason).toBe('wrong_kind')
    expect((await gate.validate(token, { kind: 'action' })).reason).toBe('wrong_action')
    expect((await gate.validate(token, pay)).reason).toBe('valid')
  })

  test('is not consumed by a check, which is recorded as one', async () => {
    const issued = await gate.issue({ kind: 'action', ...pay })
    for (let i = 0; i < 3; i++) expect((await gate.validate(issued.token, { ...pay, check: true })).reason).toBe('valid')
    const checks = (await rowsOf(issued)).filter(({ type }) => typeName(type) !== 'token.issued')
    expect(checks.map(({ type, flags }) => [typeName(type), flags & FLAGS.check])).toEqual(
      [1, 2, 3].map(() => ['token.validated', FLAGS.check]),
    )
    expect((await gate.validate(issued.token, pay)).event).toBeDefined()
  })

  test('consumed by 1,000 at once has one winner and 999 replays that name it', async () => {
    const issued = await gate.issue({ kind: 'action', ...pay })
    const from = { ...pay, ip: '192.0.2.9', userAgent: 'curl/8' }
    const verdicts = await Promise.all(Array.from({ length: 1000 }, () => gate.validate(issued.token, from)))
    expect(verdicts.filter(({ verdict }) => verdict === 'accepted')).toHaveLength(1)
    expect(verdicts.filter(({ reason, answer }) => reason === 'consumed' && answer === 'invalid')).toHaveLength(999)
    const winner = verdicts.find(({ verdict }) => verdict === 'accepted')!.event!
    const rows = await rowsOf(issued)
    const consumed = rows.filter(({ type }) => typeName(type) === 'token.consumed')
    expect(consumed.map(({ writer, seq }) => ({ writer, seq }))).toEqual([winner])
    expect(consumed[0]!.flags & FLAGS.firstUse).toBe(FLAGS.firstUse)
    const replays = rows.filter(({ type }) => typeName(type) === 'token.validated')
    expect(replays).toHaveLength(999)
    const all = FLAGS.concurrent | FLAGS.sameNetwork | FLAGS.sameClient
    for (const replay of replays) {
      expect(replay).toMatchObject({
        tokenNo: issued.record.no,
        endedByWriter: winner.writer,
        endedBySeq: winner.seq,
        sinceEndMs: 0,
      })
      expect(replay.flags & all).toBe(all)
    }
  })

  test('replayed later, from elsewhere, says how long after and that it was elsewhere', async () => {
    const issued = await gate.issue({ kind: 'action', ...pay })
    await gate.validate(issued.token, { ...pay, ip: '192.0.2.9', userAgent: 'curl/8' })
    gate.clock.move(12_345)
    await gate.validate(issued.token, { ...pay, ip: '198.51.100.1', userAgent: 'Wget/1' })
    const replay = (await rowsOf(issued)).find(({ type }) => typeName(type) === 'token.validated')!
    expect(replay.sinceEndMs).toBe(12_345)
    expect(replay.flags & (FLAGS.concurrent | FLAGS.sameNetwork | FLAGS.sameClient)).toBe(0)
  })

  test('that expired unused is not consumed', async () => {
    const issued = await gate.issue({ kind: 'action', ...pay, ttlSeconds: 60 })
    gate.clock.move(60_000)
    expect((await gate.validate(issued.token, pay)).reason).toBe('expired')
    expect(await typesOf(issued)).not.toContain('token.consumed')
  })
})

describe('a validation token', () => {
  const proof = { kind: 'validation' } as const

  test('goes through its funnel: issued, sent, attempted, verified; a second use is a replay', async () => {
    const issued = await gate.issue({ kind: 'validation', channel: 'email' })
    const which = { tenantNo: gate.own.no, actor: SYSTEM, id: issued.record.id }
    await gate.issuer.send({ ...which, address: 'someone@example.com' })
    await gate.issuer.send({ ...which, delivered: false })
    expect((await gate.issuer.send(which)).record.sentAt).toBe(gate.clock.now())
    expect((await gate.validate(wrong(issued.token), proof)).reason).toBe('wrong_secret')
    expect((await gate.validate(issued.token, proof)).reason).toBe('valid')
    expect((await gate.validate(issued.token, proof)).reason).toBe('consumed')
    expect((await typesOf(issued)).toSorted()).toEqual([
      'token.consumed',
      'token.issued',
      'token.sent',
      'token.sent',
      'token.undelivered',
      'token.validated',
      'token.validated',
    ])
    const sent = (await rowsOf(issued)).find(({ type }) => typeName(type) === 'token.sent')!
    expect(sent.resource).not.toBe(0n)
    expect(
      JSON.stringify(await rowsOf(issued), (_, value: unknown) => (typeof value === 'bigint' ? String(value) : value)),
    ).not.toContain('someone')
  })

  test('locks after its last attempt, also for the right secret', async () => {
    const issued = await gate.issue({ kind: 'validation', attemptsMax: 3 })
    const reasons = []
    for (let i = 0; i < 5; i++) reasons.push((await gate.validate(wrong(issued.token), proof)).reason)
    expect(reasons).toEqual(Array(5).fill('wrong_secret'))
    expect(await gate.validate(issued.token, proof)).toMatchObject({ reason: 'locked', answer: 'invalid' })
    expect((await typesOf(issued)).filter((type) => type === 'token.locked')).toHaveLength(1)
    const lock = (await rowsOf(issued)).find(({ type }) => typeName(type) === 'token.locked')!
    expect(lock).toMatchObject({ tokenNo: issued.record.no, outcome: 0 })
  })

  test('cannot be tried for nothing: a check with a wrong secret takes an attempt too', async () => {
    const { token } = await gate.issue({ kind: 'validation', attemptsMax: 2 })
    await gate.validate(wrong(token), { ...proof, check: true })
    await gate.validate(wrong(token), { ...proof, check: true })
    expect((await gate.validate(token, proof)).reason).toBe('locked')
  })

  test('is not touched by attempts from another tenant', async () => {
    const { token } = await gate.issue({ kind: 'validation', attemptsMax: 1 })
    expect((await gate.door.validate({ ...proof, tenantNo: gate.other.no, token: wrong(token) })).reason).toBe('wrong_secret')
    expect((await gate.validate(token, proof)).reason).toBe('valid')
  })
})

describe('a short code', () => {
  const proof = { kind: 'validation' } as const

  test('is stretched and salted, and proves itself once', async () => {
    const { record, token, code } = await gate.issue({ kind: 'validation', channel: 'sms', codeDigits: 6 })
    expect(token).toBe(`ttv_${record.id}_${code}`)
    expect(code).toMatch(/^\d{6}$/)
    expect(record).toMatchObject({
      scheme: 'scrypt',
      digest: null,
      salt: null,
      attemptsMax: 5,
      expiresAt: gate.clock.now() + 600_000,
    })
    const stored = await gate.records.read.token(gate.own.no, record.id)
    expect(stored!.salt).toHaveLength(16)
    expect((await gate.validate(token, proof)).reason).toBe('valid')
    expect((await gate.validate(token, proof)).reason).toBe('consumed')
  })

  test('guessed at by many at once gives no more than its attempts', async () => {
    const issued = await gate.issue({ kind: 'validation', codeDigits: 6, attemptsMax: 4 })
    const guesses = Array.from(
      { length: 20 },
      (_, at) => `ttv_${issued.record.id}_${String((Number(issued.code) + 1 + at) % 1e6).padStart(6, '0')}`,
    )
    const verdicts = await Promise.all(guesses.map((guess) => gate.validate(guess, proof)))
    expect(verdicts.every(({ reason }) => reason === 'wrong_secret')).toBe(true)
    expect((await gate.validate(issued.token, proof)).reason).toBe('locked')
    expect((await gate.records.read.token(gate.own.no, issued.record.id))!.attemptsUsed).toBe(4)
  })

  test('of an id that does not exist is unknown, after the same work', async () => {
    const verdict = await gate.validate('ttv_0123456789abcdef_123456', proof)
    expect(verdict).toMatchObject({ reason: 'unknown', answer: 'invalid', token: null })
  })

  test('never stands for a token with a secret, nor a secret for a code', async () => {
    const withSecret = await gate.issue({ kind: 'validation' })
    const withCode = await gate.issue({ kind: 'validation', codeDigits: 8 })
    expect((await gate.validate(`ttv_${withSecret.record.id}_123456`, proof)).reason).toBe('unknown')
    expect((await gate.validate(formatToken('ttv', withCode.record.id, 'A'.repeat(43)), proof)).reason).toBe('unknown')
    expect((await gate.validate(withCode.token, proof)).reason).toBe('valid')
  })
})

function wrong(token: string): string {
  const [prefix = '', id = ''] = token.split('_')
  return formatToken(prefix, id, 'B'.repeat(43))
}
