import * as fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { parseLine } from '../../src/connect/line.ts'
import { FIELDS } from '../../src/connect/fields.ts'
import { holdsSecret, withoutSecrets } from '../../src/privacy/secrets.ts'
import { TrailError } from '../../src/errors.ts'
import { formatToken, newTokenId, newTokenSecret } from 'tokentrail'

const good = { at: 1_764_000_000_000, outcome: 'accepted', token: 'k' }
const secret = formatToken('ttk', newTokenId(), newTokenSecret())

describe('a line is refused with the field that is wrong', () => {
  test.each([
    [null, 'body_invalid', ''],
    [[], 'body_invalid', ''],
    ['text', 'body_invalid', ''],
    [{}, 'body_invalid', '/at'],
    [{ ...good, at: 'yesterday' }, 'time_invalid', '/at'],
    [{ ...good, at: '2026-02-30T00:00:00' }, 'time_invalid', '/at'],
    [{ ...good, at: 1_764_000_000 }, 'time_invalid', '/at'],
    [{ ...good, at: 1e18 }, 'time_invalid', '/at'],
    [{ ...good, at: Number.NaN }, 'time_invalid', '/at'],
    [{ ...good, id: 7 }, 'body_invalid', '/id'],
    [{ ...good, id: '' }, 'body_invalid', '/id'],
    [{ ...good, id: 'x'.repeat(201) }, 'body_invalid', '/id'],
    [{ ...good, owner: 'a\u0000b' }, 'body_invalid', '/owner'],
    [{ ...good, owner: '\ud800' }, 'body_invalid', '/owner'],
    [{ ...good, outcome: 'maybe' }, 'body_invalid', '/outcome'],
    [{ ...good, outcome: 'rejected', reason: 'valid' }, 'body_invalid', '/reason'],
    [{ ...good, reason: 'expired' }, 'body_invalid', '/reason'],
    [{ ...good, reason: 'toString' }, 'body_invalid', '/reason'],
    [{ at: good.at, token: 'k' }, 'body_invalid', '/outcome'],
    [{ at: good.at, type: 'token.revoked' }, 'body_invalid', '/token'],
    [{ at: good.at, type: 'token.revoked', token: 'k', reason: 'expired' }, 'body_invalid', '/reason'],
    [{ at: good.at, type: 'token.issued', token: 'k', outcome: 'accepted' }, 'body_invalid', '/outcome'],
    [{ at: good.at, type: 'loss.declared' }, 'body_invalid', '/reason'],
    [{ ...good, type: 'token.consumed', outcome: 'rejected', reason: 'consumed' }, 'body_invalid', '/type'],
    [{ ...good, kind: 'none' }, 'body_invalid', '/kind'],
    [{ ...good, credential: 'abc' }, 'body_invalid', '/credential'],
    [{ ...good, durationUs: -1 }, 'body_invalid', '/durationUs'],
    [{ ...good, durationUs: 1.5 }, 'body_invalid', '/durationUs'],
    [{ ...good, count: 0 }, 'body_invalid', '/count'],
    [{ ...good, check: 'yes' }, 'body_invalid', '/check'],
    [{ ...good, detail: 'x' }, 'body_invalid', '/detail'],
    [{ ...good, detail: { x: 'y'.repeat(2100) } }, 'body_invalid', '/detail'],
    [{ ...good, detail: { a: { b: { c: { d: { e: { f: { g: { h: { i: 1 } } } } } } } } } }, 'body_invalid', '/detail'],
    [{ ...good, token: secret }, 'body_invalid', '/token'],
  ])('%j', (line, code, input) => {
    expect(() => parseLine(line)).toThrow(expect.objectContaining({ code, input }) as TrailError)
  })
})

describe('a line in its normal form', () => {
  test.each([
    ['2026-11-25T08:00:00Z', Date.UTC(2026, 10, 25, 8)],
    ['2026-11-25T08:00:00+02:00', Date.UTC(2026, 10, 25, 6)],
    ['2022-03-22 14:21:53.225', Date.UTC(2022, 2, 22, 14, 21, 53, 225)],
    [1_764_000_000_000.4, 1_764_000_000_000],
  ])('the time %s is UTC', (at, expected) => {
    expect(parseLine({ ...good, at }).at).toBe(expected)
  })

  test('a validation is accepted as valid and rejected as unknown where no reason is given', () => {
    expect(parseLine(good)).toMatchObject({ type: 'token.validated', outcome: 'accepted', reason: 'valid' })
    expect(parseLine({ at: good.at, outcome: 'rejected' })).toMatchObject({ outcome: 'rejected', reason: 'unknown' })
    expect(parseLine({ at: good.at, reason: 'expired', token: 'k' })).toMatchObject({ outcome: 'rejected', reason: 'expired' })
  })

  test('fields that are null are as if they were not there', () => {
    expect(parseLine({ ...good, owner: null }).given).not.toHaveProperty('owner')
  })

  test('what is no field of an event is dropped and named, and a name that is a secret is not', () => {
    const line = parseLine({ ...good, colour: 'red', __proto__x: 1, [secret]: 1 })
    expect(line.dropped).toEqual(['colour', '__proto__x', 'other'])
    expect(JSON.stringify(line)).not.toContain('red')
  })

  test('a query string never passes as a route', () => {
    expect(parseLine({ ...good, route: '/orders?key=abc#x' }).given.route).toBe('/orders')
  })

  test('a secret in any free text is taken out', () => {
    const line = parseLine({ ...good, route: `/x/${secret}`, requestId: secret, detail: { note: `Bearer ${secret}` } })
    expect(JSON.stringify(line)).not.toContain(secret.slice(21))
  })
})

test('whatever comes, a line is parsed or refused with a code, and the refusal does not repeat what it holds', () => {
  const names = fc.constantFrom(...Object.keys(FIELDS))
  const values = fc.oneof(
    fc.jsonValue(),
    fc.string(),
    fc.integer(),
    fc.constantFrom(secret, 'token.validated', 'accepted', 'rejected', 'expired', good.at),
  )
  fc.assert(
    fc.property(fc.dictionary(names, values), (line) => {
      const { at, error } = tryLine(line)
      expect(at !== undefined || error instanceof TrailError).toBe(true)
      expect(String(error)).not.toContain(secret)
    }),
    { numRuns: 2_000 },
  )
})

function tryLine(line: unknown): { at?: number; error?: unknown } {
  try {
    return { at: parseLine(line).at }
  } catch (error) {
    return { error }
  }
}

describe('secrets', () => {
  test.each([
    secret,
    'ghp_abcdefghijklmnopqrstuvwxyz0123456789',
    `eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiIxMjM0NTY3ODkwIn0.dozjgNryP4J3jVmNHl0w5N_XgL0n3I9P`,
  ])('%s is seen', (text) => {
    expect(holdsSecret(`a ${text} b`)).toBe(true)
    expect(withoutSecrets(`a ${text} b`)).toBe('a [secret] b')
  })

  test.each(['AKIATFQR7NSC8Q4X20BJ', 'ttk_0123456789abcdef', 'arn:aws:iam::123837392027:user/bert-jan', '2026-11-25T08:00:00Z'])(
    '%s is public',
    (text) => {
      expect(holdsSecret(text)).toBe(false)
    },
  )
})
