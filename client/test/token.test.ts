import { readFileSync } from 'node:fs'
import { crc32 } from 'node:zlib'
import * as fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import {
  checksumOf,
  DEFAULT_PREFIXES,
  formatToken,
  isPrefix,
  newTokenCode,
  newTokenId,
  newTokenSecret,
  parseToken,
  TOKEN_CHARS_MAX,
  TOKEN_TAIL_CHARS,
  type TokenPrefixes,
  type TokenText,
} from '../src/token.ts'

const ID = '0123456789abcdef'
const SECRET = 'Zz'.repeat(21) + 'q'
const text = formatToken('ttk', ID, SECRET)

describe('the checksum', () => {
  test('is the one of published GitHub tokens, function and encoding', () => {
    const file = new URL('../../../shared/vectors/github-token-crc32.json', import.meta.url)
    const { vectors } = JSON.parse(readFileSync(file, 'utf8')) as { vectors: { entropy: string; crc32_base62_6: string }[] }
    expect(vectors.length).toBeGreaterThan(0)
    for (const vector of vectors) expect(checksumOf(vector.entropy)).toBe(vector.crc32_base62_6)
  })

  test('equals zlib over everything before it, padded to six digits', () => {
    fc.assert(
      fc.property(fc.string({ unit: fc.constantFrom('0', '9', 'A', 'Z', 'a', 'z', '_'), maxLength: 80 }), (head) => {
        expect(fromBase62(checksumOf(head))).toBe(crc32(head))
        expect(checksumOf(head)).toHaveLength(6)
      }),
    )
  })

  test('our own vectors hold the range: prefix and id are covered', () => {
    expect(checksumOf('')).toBe('000000')
    expect(checksumOf('123456789')).toBe('3jZRME') // CRC-32 check value 0xCBF43926
    expect(parseToken(text.replace('ttk', 'tta'))).toBe('bad_checksum')
    expect(parseToken(text.replace(ID, 'f123456789abcdef'))).toBe('bad_checksum')
  })
})

describe('a text', () => {
  test('is read back as it was written, under any configured prefixes', () => {
    const prefix = fc.stringMatching(/^[A-Za-z](?:[0-9A-Za-z_]{0,10}[0-9A-Za-z])?$/)
    fc.assert(
      fc.property(
        fc.uniqueArray(prefix, { minLength: 3, maxLength: 3 }),
        fc.constantFrom('access', 'action', 'validation'),
        (names, kind) => {
          const prefixes = { access: names[0]!, action: names[1]!, validation: names[2]! } satisfies TokenPrefixes
          const [id, secret] = [newTokenId(), newTokenSecret()]
          expect(parseToken(formatToken(prefixes[kind], id, secret), prefixes)).toEqual({
            kind,
            prefix: prefixes[kind],
            id,
            secret,
            form: 'secret',
          })
        },
      ),
    )
  })

  test('has the length that the tail names, and survives a double click', () => {
    expect(text).toHaveLength('ttk'.length + TOKEN_TAIL_CHARS)
    expect(text).toMatch(/^\w+$/)
  })

  test('with any one character changed is never read as another token', () => {
    fc.assert(
      fc.property(fc.nat(text.length - 1), fc.constantFrom('0', 'a', 'Z', '_', '-', '$', 'é'), (at, char) => {
        fc.pre(text[at] !== char)
        expect(parseToken(text.slice(0, at) + char + text.slice(at + 1))).toBeTypeOf('string')
      }),
    )
  })

  test.each([
    ['nothing', ''],
    ['a line break at the end', `${text}\n`],
    ['CR LF inside', text.replace('_', '_\r\n')],
    ['a NUL', `${text}\0`],
    ['a lone surrogate', '\uD800'.repeat(70)],
    ['full-width digits', text.replace('0', '０')],
    ['another prefix', formatToken('ghp', ID, SECRET)],
    ['an access code', `ttk_${ID}_123456`],
    ['five digits', `ttv_${ID}_12345`],
    ['nine digits', `ttv_${ID}_123456789`],
    ['padding', ` ${text}`],
    ['a prefix from the prototype', formatToken('constructor', ID, SECRET)],
  ])('that is %s is malformed', (_, junk) => {
    expect(parseToken(junk)).toBe('malformed')
  })

  test('over the bound is refused unread, at the bound it is read', () => {
    expect(parseToken('x'.repeat(TOKEN_CHARS_MAX + 1))).toBe('too_long')
    expect(parseToken('x'.repeat(TOKEN_CHARS_MAX))).toBe('malformed')
  })

  test('of a short code names the validation token and its digits', () => {
    expect(parseToken(`ttv_${ID}_00420042`)).toEqual({
      kind: 'validation',
      prefix: 'ttv',
      id: ID,
      secret: '00420042',
      form: 'code',
    } satisfies TokenText)
  })

  test('of random junk never throws and is never a token', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'binary', maxLength: 300 }), (junk) => {
        expect(parseToken(junk)).toBeTypeOf('string')
      }),
      { numRuns: 2000 },
    )
  })
})

describe('new parts', () => {
  test('of one text are refused where they are not of its shape', () => {
    expect(() => formatToken('', ID, SECRET)).toThrow(TypeError)
    expect(() => formatToken('ttk', `${ID}x`, SECRET)).toThrow(TypeError)
    expect(() => formatToken('ttk', ID, SECRET.slice(1))).toThrow(TypeError)
    expect(['ttk', 'acme_live', 'a'].map(isPrefix)).toEqual([true, true, true])
    expect(['', '1a', 'a-b', 'a_', 'x'.repeat(33)].map(isPrefix)).toEqual([false, false, false, false, false])
    expect(Object.values(DEFAULT_PREFIXES).every(isPrefix)).toBe(true)
  })

  test('a secret keeps all 256 bits', () => {
    const high = newTokenSecret((count) => new Uint8Array(count).fill(255))
    expect(fromBase62Big(high)).toBe(2n ** 256n - 1n)
    expect(newTokenSecret((count) => new Uint8Array(count))).toBe('0'.repeat(43))
  })

  test('ids and codes are unbiased: bytes beyond the last whole multiple are thrown away', () => {
    const bytes = fill([255, 248, 247, 0, 61])
    expect(newTokenId(bytes)).toBe('z0zz0zz0zz0zz0z0')
    expect(newTokenCode(6, fill([255, 250, 249, 3]))).toBe('939393')
  })

  test('are different each time', () => {
    const many = Array.from({ length: 1000 }, () => `${newTokenId()} ${newTokenSecret()}`)
    expect(new Set(many).size).toBe(1000)
    expect(newTokenCode(8)).toMatch(/^\d{8}$/)
  })
})

const DIGITS = '0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz'

function fromBase62Big(digits: string): bigint {
  return digits.split('').reduce((sum, digit) => sum * 62n + BigInt(DIGITS.indexOf(digit)), 0n)
}

function fromBase62(digits: string): number {
  return Number(fromBase62Big(digits))
}

function fill(pattern: readonly number[]): (count: number) => Uint8Array {
  return (count) => Uint8Array.from({ length: count }, (_, at) => pattern[at % pattern.length]!)
}
