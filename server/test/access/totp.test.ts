import { describe, expect, test } from 'vitest'
import { base32, codeOf, otpauthUri, stepOf, stepOfCode } from '../../src/access/totp.ts'

const ascii = (text: string): Uint8Array => new TextEncoder().encode(text)
const SHA1 = ascii('12345678901234567890')

/** RFC 6238, appendix B. */
const VECTORS: readonly (readonly [seconds: number, hash: string, secret: string, code: string])[] = [
  [59, 'sha1', '12345678901234567890', '94287082'],
  [59, 'sha256', '12345678901234567890123456789012', '46119246'],
  [59, 'sha512', '1234567890123456789012345678901234567890123456789012345678901234', '90693936'],
  [1111111109, 'sha1', '12345678901234567890', '07081804'],
  [1111111109, 'sha256', '12345678901234567890123456789012', '68084774'],
  [1111111111, 'sha1', '12345678901234567890', '14050471'],
  [1234567890, 'sha1', '12345678901234567890', '89005924'],
  [1234567890, 'sha512', '1234567890123456789012345678901234567890123456789012345678901234', '93441116'],
  [2000000000, 'sha1', '12345678901234567890', '69279037'],
  [20000000000, 'sha1', '12345678901234567890', '65353130'],
  [20000000000, 'sha256', '12345678901234567890123456789012', '77737706'],
]
/** RFC 4226, appendix D. */
const COUNTERS = ['755224', '287082', '359152', '969429', '338314', '254676', '287922', '162583', '399871', '520489']

describe('one-time codes', () => {
  test.each(VECTORS)('at %d with %s are those of RFC 6238', (seconds, hash, secret, code) => {
    expect(codeOf(ascii(secret), stepOf(seconds * 1000), 8, hash)).toBe(code)
  })

  test('by counter are those of RFC 4226', () => {
    expect(COUNTERS.map((_, counter) => codeOf(SHA1, counter))).toEqual(COUNTERS)
  })

  test('are taken one step early and late, and not two', () => {
    const at = 1_000_000_000_000
    const steps = [-2, -1, 0, 1, 2].map((drift) => stepOfCode(SHA1, codeOf(SHA1, stepOf(at) + drift), at))
    expect(steps).toEqual([null, stepOf(at) - 1, stepOf(at), stepOf(at) + 1, null])
    expect(stepOfCode(SHA1, '', at)).toBeNull()
    expect(stepOfCode(SHA1, `${codeOf(SHA1, stepOf(at))}0`, at)).toBeNull()
  })

  test('secrets are base32 as RFC 4648 writes it', () => {
    const known = [
      ['', ''],
      ['f', 'MY'],
      ['fo', 'MZXQ'],
      ['foo', 'MZXW6'],
      ['foob', 'MZXW6YQ'],
      ['fooba', 'MZXW6YTB'],
      ['foobar', 'MZXW6YTBOI'],
    ] as const
    for (const [text, encoded] of known) expect(base32(ascii(text))).toBe(encoded)
    expect(otpauthUri(ascii('foobar'), 'a b')).toBe(
      'otpauth://totp/Tokentrail%3Aa%20b?secret=MZXW6YTBOI&issuer=Tokentrail&algorithm=SHA1&digits=6&period=30',
    )
  })
})
