import * as fc from 'fast-check'
import { parseToken, typeName } from 'tokentrail'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { TrailError } from '../../src/errors.ts'
import { checkChange, checkIssue, type IssueInput } from '../../src/tokens/issue-input.ts'
import { startSweep } from '../../src/tokens/sweep.ts'
import { NOON, openGate, silentLog, SYSTEM, type Gate } from './support.ts'

let gate: Gate
beforeAll(async () => void (gate = await openGate()))
afterAll(() => gate.close())

const which = (id: string) => ({ tenantNo: gate.own.no, actor: SYSTEM, id })

describe('what is issued', () => {
  test('has a text of its kind that is kept nowhere', async () => {
    for (const [kind, prefix] of [
      ['access', 'ttk'],
      ['action', 'tta'],
      ['validation', 'ttv'],
    ] as const) {
      const { record, token } = await gate.issue({ kind, ...(kind === 'action' && { action: 'x' }) })
      expect(parseToken(token)).toMatchObject({ kind, prefix, id: record.id })
      const text = JSON.stringify(
        [record, await gate.records.read.token(gate.own.no, record.id), await gate.rows()],
        (_, value: unknown) =>
          typeof value === 'bigint' ? String(value) : value instanceof Uint8Array ? Buffer.from(value).toString('latin1') : value,
      )
      expect(text).not.toContain(token.split('_')[2]!.slice(0, 43))
    }
  })

  test('follows the prefixes of its tenant', async () => {
    const tenant = await gate.records.act('addTenant', {
      name: 'acme',
      prefixes: { access: 'acme_live' },
      at: gate.clock.now(),
      actor: SYSTEM,
    })
    const { token } = await gate.issue({}, tenant)
    expect(token).toMatch(/^acme_live_/)
    expect((await gate.door.validate({ tenantNo: tenant.no, token })).reason).toBe('valid')
    expect((await gate.validate(token)).reason).toBe('malformed')
  })

  test('has no expiry for access unless asked, 24 hours for validation', async () => {
    expect((await gate.issue()).record.expiresAt).toBeNull()
    expect((await gate.issue({ kind: 'validation' })).record.expiresAt).toBe(gate.clock.now() + 86_400_000)
  })
})

describe('input is refused by field, with a code and what was expected', () => {
  const base: IssueInput = { owner: 'o' }
  test.each<[string, Record<string, unknown>, string, string]>([
    ['an unknown kind', { kind: 'magic' }, 'body_invalid', '/kind'],
    ['a kind from the prototype', { kind: 'constructor' }, 'body_invalid', '/kind'],
    ['no owner', { owner: '' }, 'body_invalid', '/owner'],
    ['an owner of spaces', { owner: '   ' }, 'body_invalid', '/owner'],
    ['CR LF in a name', { name: 'a\r\nb' }, 'body_invalid', '/name'],
    ['a NUL in a name', { name: 'a\0' }, 'body_invalid', '/name'],
    ['a lone surrogate', { name: '\uD800' }, 'body_invalid', '/name'],
    ['text that turns around', { name: 'a\u202Eb' }, 'body_invalid', '/name'],
    ['a long name', { name: 'x'.repeat(201) }, 'body_invalid', '/name'],
    ['a scope with a space', { scopes: ['a', 'b c'] }, 'scope_invalid', '/scopes/1'],
    ['a scope with a quote', { scopes: ['a"'] }, 'scope_invalid', '/scopes/0'],
    ['a scope outside ASCII', { scopes: ['größe'] }, 'scope_invalid', '/scopes/0'],
    ['too many scopes', { scopes: Array.from({ length: 101 }, (_, i) => `s${i}`) }, 'body_invalid', '/scopes'],
    ['a bad range', { cidrs: ['10.0.0.0/8', '10.0.0.0/40'] }, 'cidr_invalid', '/cidrs/1'],
    ['a host name for a range', { cidrs: ['localhost'] }, 'cidr_invalid', '/cidrs/0'],
    ['an origin with a path', { origins: ['https://a.example/x'] }, 'body_invalid', '/origins/0'],
    ['a method in small letters', { methods: ['get'] }, 'body_invalid', '/methods/0'],
    ['a poisoned key', { metadata: JSON.parse('{"__proto__":"x"}') as object }, 'body_invalid', '/metadata'],
    ['a key with a space', { metadata: { 'a b': 'x' } }, 'body_invalid', '/metadata'],
    ['a value that is no text', { metadata: { a: 1 } }, 'body_invalid', '/metadata/a'],
    [
      'too many keys',
      { metadata: Object.fromEntries(Array.from({ length: 33 }, (_, i) => [`k${i}`, ''])) },
      'body_invalid',
      '/metadata',
    ],
    ['a past expiry', { expiresAt: NOON }, 'time_invalid', '/expiresAt'],
    ['an expiry that is no number', { expiresAt: Number.NaN }, 'time_invalid', '/expiresAt'],
    ['an expiry in a hundred years', { expiresAt: NOON + 36_525 * 86_400_000 }, 'time_invalid', '/expiresAt'],
    ['two ends', { expiresAt: NOON + 5000, ttlSeconds: 5 }, 'time_invalid', '/ttlSeconds'],
    ['half a second', { ttlSeconds: 0.5 }, 'time_invalid', '/ttlSeconds'],
    ['a beginning after the end', { notBefore: NOON + 9000, ttlSeconds: 5 }, 'time_invalid', '/notBefore'],
    ['an action for access', { action: 'pay' }, 'body_invalid', '/action'],
    ['an action token without action', { kind: 'action' }, 'body_invalid', '/action'],
    ['an action token for ever', { kind: 'action', action: 'pay', expiresAt: null }, 'time_invalid', '/expiresAt'],
    ['uses of an action token', { kind: 'action', action: 'pay', usesMax: 2 }, 'body_invalid', '/usesMax'],
    ['no uses', { usesMax: 0 }, 'body_invalid', '/usesMax'],
    ['a role for an action', { kind: 'action', action: 'pay', role: 'admin' }, 'body_invalid', '/role'],
    ['an unknown role', { role: 'root' }, 'role_invalid', '/role'],
    ['five digits', { kind: 'validation', codeDigits: 5 }, 'body_invalid', '/codeDigits'],
    ['a code for access', { codeDigits: 6 }, 'body_invalid', '/codeDigits'],
    ['many attempts at a code', { kind: 'validation', codeDigits: 6, attemptsMax: 50 }, 'body_invalid', '/attemptsMax'],
    ['a code for a week', { kind: 'validation', codeDigits: 6, ttlSeconds: 604_800 }, 'time_invalid', '/ttlSeconds'],
    ['half a rate', { rateLimit: { count: 5 } }, 'body_invalid', '/rateLimit'],
    ['a rate of nothing', { rateLimit: { count: 0, windowMs: 1000 } }, 'body_invalid', '/rateLimit/count'],
  ])('%s', (_, change, code, input) => {
    expect(errorOf(() => checkIssue({ ...base, ...change }, NOON))).toMatchObject({ code, input })
  })

  test('whatever the values are, the answer is a checked token or a TrailError without the value', () => {
    const fields = [
      'kind',
      'owner',
      'name',
      'scopes',
      'cidrs',
      'origins',
      'methods',
      'metadata',
      'expiresAt',
      'ttlSeconds',
      'usesMax',
      'rateLimit',
      'action',
      'resource',
      'role',
      'codeDigits',
      'attemptsMax',
      'channel',
      'canary',
    ]
    fc.assert(
      fc.property(fc.dictionary(fc.constantFrom(...fields), fc.anything({ maxDepth: 2 })), (input) => {
        const error = errorOf(() => checkIssue({ owner: 'o', ...input }, NOON))
        expect(error === undefined || error instanceof TrailError).toBe(true)
      }),
      { numRuns: 3000 },
    )
  })

  test('equal things are kept in one form', () => {
    const checked = checkChange({ name: 'Zoe\u0308', scopes: ['a', 'a'], cidrs: ['10.9.9.9/8', '10.0.0.0/8'] }, NOON)
    expect(checked).toEqual({ name: 'Zoë', scopes: ['a'], cidrs: ['10.0.0.0/8'] })
  })
})

describe('a token that has ended', () => {
  test.each(['revoke', 'suspend', 'resume', 'change', 'rotate'] as const)(
    'cannot be %sd again: the error says how it ended',
    async (action) => {
      const { record } = await gate.issue()
      await gate.issuer.revoke({ ...which(record.id), reason: 'compromised', note: 'seen in a paste' })
      const again = {
        revoke: () => gate.issuer.revoke(which(record.id)),
        suspend: () => gate.issuer.suspend(which(record.id)),
        resume: () => gate.issuer.resume(which(record.id)),
        change: () => gate.issuer.change({ ...which(record.id), change: { name: 'x' } }),
        rotate: () => gate.issuer.rotate(which(record.id)),
      }[action]
      await expect(again()).rejects.toMatchObject({ code: 'token_ended', message: expect.stringContaining('revoked') as string })
    },
  )

  test('of another tenant is not there', async () => {
    const { record } = await gate.issue({}, gate.other)
    for (const act of [gate.issuer.revoke, gate.issuer.suspend, gate.issuer.resume, gate.issuer.rotate, gate.issuer.send]) {
      await expect(act(which(record.id))).rejects.toMatchObject({ code: 'not_found' })
    }
  })

  test('states that do not allow an action are told apart', async () => {
    const { record } = await gate.issue()
    await expect(gate.issuer.resume(which(record.id))).rejects.toMatchObject({ code: 'token_state' })
    await expect(gate.issuer.change({ ...which(record.id), change: {} })).rejects.toMatchObject({ code: 'body_invalid' })
    await expect(gate.issuer.send(which(record.id))).rejects.toMatchObject({ code: 'token_state' })
    await expect(gate.issuer.rotate({ ...which(record.id), graceSeconds: -1 })).rejects.toMatchObject({
      code: 'body_invalid',
      input: '/graceSeconds',
    })
    await expect(gate.issuer.revoke({ ...which(record.id), reason: 'valid' as never })).rejects.toMatchObject({
      input: '/reason',
    })
    const action = await gate.issue({ kind: 'action', action: 'x' })
    await expect(gate.issuer.rotate(which(action.record.id))).rejects.toMatchObject({ code: 'token_state' })
  })

  test('with its family takes every living generation along', async () => {
    const { record, token } = await gate.issue()
    const next = await gate.issuer.rotate({ ...which(record.id), graceSeconds: 600 })
    await gate.issuer.revoke({ ...which(next.record.id), reason: 'leaked', family: true })
    expect([(await gate.validate(token)).reason, (await gate.validate(next.token)).reason]).toEqual(['revoked', 'revoked'])
  })
})

test('the sweep notes expiry and end of grace once, with the time at which they came', async () => {
  const used = await gate.issue({ usesMax: 5, ttlSeconds: 100 })
  const unused = await gate.issue({ usesMax: 5, ttlSeconds: 100 })
  const open = await gate.issue({ ttlSeconds: 100 })
  const rotated = await gate.issue()
  await gate.validate(used.token)
  await gate.issuer.rotate({ ...which(rotated.record.id), graceSeconds: 50 })
  const from = gate.clock.now()
  const sweep = startSweep({ records: gate.records, journal: gate.journal, clock: gate.clock, log: silentLog })
  gate.clock.move(500_000)
  await Promise.all([sweep.run(), sweep.run()])
  await sweep.run()
  sweep.close()
  const told = (await gate.rows())
    .filter(({ type, tokenNo }) => ['token.expired', 'token.superseded'].includes(typeName(type)) && tokenNo >= used.record.no)
    .map(({ type, reason, tokenNo, occurredAt }) => [typeName(type), reason, tokenNo, occurredAt - from])
    .toSorted((a, b) => Number(a[2]) - Number(b[2]))
  expect(told).toEqual([
    ['token.expired', 130, used.record.no, 100_000],
    ['token.expired', 131, unused.record.no, 100_000],
    ['token.expired', 0, open.record.no, 100_000],
    ['token.superseded', 0, rotated.record.no, 50_000],
  ])
  expect((await gate.validate(open.token)).reason).toBe('expired')
  expect((await gate.validate(rotated.token)).reason).toBe('superseded')
})

function errorOf(act: () => unknown): unknown {
  try {
    act()
    return undefined
  } catch (error) {
    return error
  }
}
