import * as fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import {
  canonical,
  canonicalBytes,
  checkCanonical,
  commitmentOf,
  formatKey,
  formatPolicy,
  formatProof,
  fromBase64,
  fromBase64Url,
  meetsQuorum,
  parsePolicy,
  parseProof,
  toBase64,
  toBase64Url,
  toHex,
  utf8,
  WIDE_PROFILE,
} from '../../src/log/index.ts'
import { crypto, haveVectors, readVector, signerOf, textVector } from './support.ts'

const malformed = expect.objectContaining({ code: 'malformed' })

/** Every value the profile allows, and then some depth. */
const values = fc.letrec((tie) => ({
  value: fc.oneof(
    { maxDepth: 3, depthIdentifier: 'entry' },
    fc.oneof(
      fc.boolean(),
      fc.constant(null),
      fc.integer({ min: Number.MIN_SAFE_INTEGER, max: Number.MAX_SAFE_INTEGER }),
      fc.string({ unit: 'binary', maxLength: 20 }),
    ),
    fc.array(tie('value'), { maxLength: 4, depthIdentifier: 'entry' }),
    fc.dictionary(fc.string({ unit: 'binary', maxLength: 8 }), tie('value'), { maxKeys: 4, depthIdentifier: 'entry' }),
  ),
})).value

describe('an entry', () => {
  test('is read back as it was written, byte for byte', () => {
    fc.assert(
      fc.property(values, (value) => {
        const bytes = canonicalBytes(value)
        expect(canonical(checkCanonical(bytes))).toBe(Buffer.from(bytes).toString('utf8'))
        expect(JSON.parse(Buffer.from(bytes).toString('utf8'))).toEqual(JSON.parse(JSON.stringify(value)))
      }),
    )
  })

  test.each([
    ['a name twice', '{"a":1,"a":1}'],
    ['a name twice in other spelling', '{"a":1,"\\u0061":1}'],
    ['names out of order', '{"b":1,"a":1}'],
    ['a space', '{"a": 1}'],
    ['a newline at the end', '{"a":1}\n'],
    ['a fraction', '{"a":1.5}'],
    ['an exponent', '{"a":1e3}'],
    ['minus zero', '{"a":-0}'],
    ['a number beyond 2^53 - 1', '{"a":9007199254740992}'],
    ['an escape that is not needed', '{"a":"\\u0041"}'],
    ['half a character', '{"a":"\\ud800"}'],
    ['five levels', '[[[[[1]]]]]'],
    ['no JSON', '{"a":}'],
    ['a byte order mark', '\ufeff{}'],
    ['4,097 bytes', `"${'a'.repeat(4095)}"`],
  ])('with %s is refused', (_what, text) => {
    expect(() => checkCanonical(Buffer.from(text))).toThrow(malformed)
  })

  test('of bytes that are no UTF-8 is refused', () => {
    expect(() => checkCanonical(Uint8Array.of(0x22, 0xff, 0x22))).toThrow(malformed)
    expect(() => checkCanonical(Uint8Array.of(0x22, 0xc0, 0x80, 0x22))).toThrow(malformed)
  })

  test('has at most 4 levels and 4 KiB, to the byte', () => {
    expect(canonical([[[[1]]]])).toBe('[[[[1]]]]')
    expect(() => canonical([[[[[1]]]]])).toThrow(malformed)
    expect(canonical('a'.repeat(4094))).toHaveLength(4096)
    expect(() => canonical('a'.repeat(4095))).toThrow(malformed)
    expect(() => canonical('ä'.repeat(2048))).toThrow(malformed)
  })

  test.each([undefined, () => 1, 1n, Symbol('x'), new Date(0), new Map(), Number.NaN, { a: undefined }])(
    'cannot be made of %o',
    (value) => {
      expect(() => canonical(value)).toThrow(malformed)
    },
  )

  test('keeps a name that means something to JavaScript', () => {
    const text = '{"__proto__":1,"constructor":2}'
    expect(canonical(checkCanonical(Buffer.from(text)))).toBe(text)
  })
})

describe('base64', () => {
  test('has one spelling for each row of bytes', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 100 }), (bytes) => {
        expect(toHex(fromBase64(toBase64(bytes), 'x'))).toBe(toHex(bytes))
        expect(toHex(fromBase64Url(toBase64Url(bytes), 'x'))).toBe(toHex(bytes))
        expect(toBase64(bytes)).toBe(Buffer.from(bytes).toString('base64'))
        expect(toBase64Url(bytes)).toBe(Buffer.from(bytes).toString('base64url'))
      }),
    )
    for (const text of ['QQ', 'QR==', 'Q===', 'QQ==\n', 'Q-==']) expect(() => fromBase64(text, 'x')).toThrow(malformed)
    for (const text of ['QQ==', 'QR', 'Q', 'Q+8']) expect(() => fromBase64Url(text, 'x')).toThrow(malformed)
  })
})

describe('a commitment', () => {
  const opening = { event: 'evt_2k_9Zq', field: 'actor', salt: new Uint8Array(32).fill(5), value: 'ada@example.com' }

  test('is the hash of the parts in their order, each length before its part', () => {
    const parts = [
      'tokentrail/commit/v1\0',
      '\0\u000a',
      'evt_2k_9Zq',
      '\0\u0005',
      'actor',
      '\u0005'.repeat(32),
      'ada@example.com',
    ]
    expect(toHex(commitmentOf(crypto.sha256, opening))).toBe(toHex(crypto.sha256(utf8(parts.join('')))))
  })

  test('opens with nothing else', () => {
    const made = toHex(commitmentOf(crypto.sha256, opening))
    const others = [
      { ...opening, event: 'evt_2k_9Z', field: 'qactor' },
      { ...opening, field: 'actora', value: 'da@example.com' },
      { ...opening, salt: new Uint8Array(32).fill(6) },
      { ...opening, value: 'Ada@example.com' },
    ]
    expect(others.map((other) => toHex(commitmentOf(crypto.sha256, other)))).not.toContain(made)
    expect(() => commitmentOf(crypto.sha256, { ...opening, salt: new Uint8Array(31) })).toThrow(malformed)
  })
})

describe('a proof', () => {
  const checkpoint = `example.com/log\n5\n${toBase64(new Uint8Array(32))}\n\n— example.com/log YWFhYWFhYWE=\n`
  const hashes = [new Uint8Array(32).fill(1), new Uint8Array(32).fill(2)]

  test.each([
    { index: 3n, hashes, checkpoint },
    { index: 0n, hashes: [], checkpoint },
    { index: 2n ** 60n, hashes, checkpoint, extra: Buffer.from('more') },
  ])('is read as it was written: %#', (proof) => {
    const read = parseProof(formatProof(proof))
    expect({ ...read, extra: read.extra && toHex(read.extra) }).toEqual({
      ...proof,
      extra: 'extra' in proof ? toHex(proof.extra) : undefined,
    })
  })

  test('is the text of the specification', () => {
    const [first = '', second = ''] = hashes.map(toBase64)
    expect(formatProof({ index: 3, hashes, checkpoint, extra: Buffer.from('x') })).toBe(
      `c2sp.org/tlog-proof@v1\nextra eA==\nindex 3\n${first}\n${second}\n\n${checkpoint}`,
    )
  })

  test.each([
    ['another first line', 'c2sp.org/tlog-proof@v2\nindex 0\n\n'],
    ['no index', `c2sp.org/tlog-proof@v1\n${toBase64(new Uint8Array(32))}\n\n`],
    ['an index with a leading zero', 'c2sp.org/tlog-proof@v1\nindex 00\n\n'],
    ['a hash of 31 bytes', `c2sp.org/tlog-proof@v1\nindex 0\n${toBase64(new Uint8Array(31))}\n\n`],
    ['no checkpoint', 'c2sp.org/tlog-proof@v1\nindex 0\n'],
    ['64 hashes', `c2sp.org/tlog-proof@v1\nindex 0\n${`${toBase64(new Uint8Array(32))}\n`.repeat(64)}\n`],
  ])('with %s is refused', (_what, text) => {
    expect(() => parseProof(text)).toThrow(malformed)
  })
})

describe('a policy', () => {
  const log = formatKey(signerOf('example.com/log', 1).key)
  const [x1, x2, x3, y1] = [1, 2, 3, 4].map((seed) => signerOf(`w${String(seed)}`, 100 + seed, 'cosignature').key)
  const keys = [x1, x2, x3, y1].map((key) => (key ? formatKey(key) : ''))
  const text = [
    '# whom we trust',
    `log ${log} https://log.example/`,
    ...['X1', 'X2', 'X3', 'Y1'].map((name, at) => `  witness\t${name} ${keys[at] ?? ''}`),
    'group X 2 X1 X2 X3',
    'group all-of all X Y1',
    'quorum all-of',
    '',
  ].join('\n')
  const policy = parsePolicy(crypto.sha256, text)
  const cosigners = (...some: readonly (typeof x1)[]) => some.filter((key) => key !== undefined)

  test('is met by as many witnesses of each group as it asks for', () => {
    expect(meetsQuorum(policy, cosigners(x1, x3, y1))).toBe(true)
    expect(meetsQuorum(policy, cosigners(x1, x2, x3, y1))).toBe(true)
    expect(meetsQuorum(policy, cosigners(x1, x2, x3))).toBe(false)
    expect(meetsQuorum(policy, cosigners(x1, y1))).toBe(false)
    expect(meetsQuorum(policy, cosigners(x1, x1, y1))).toBe(false)
    expect(meetsQuorum(policy, [])).toBe(false)
    expect(meetsQuorum(parsePolicy(crypto.sha256, 'quorum none\n'), [])).toBe(true)
  })

  test('is read as it was written', () => {
    expect(parsePolicy(crypto.sha256, formatPolicy(policy))).toEqual(policy)
  })

  test.each([
    ['no quorum', `log ${log}`],
    ['two quorums', 'quorum none\nquorum none'],
    ['a quorum that is not defined', 'quorum X'],
    ['a quorum before its witness', `quorum X1\nwitness X1 ${keys[0] ?? ''}`],
    ['a group before its members', `group X any X1\nwitness X1 ${keys[0] ?? ''}\nquorum X`],
    ['a member in two groups', `witness X1 ${keys[0] ?? ''}\ngroup A any X1\ngroup B any X1\nquorum A`],
    ['a member twice', `witness X1 ${keys[0] ?? ''}\ngroup A any X1 X1\nquorum A`],
    ['none as a member', 'group A any none\nquorum A'],
    ['a name twice', `witness X1 ${keys[0] ?? ''}\nwitness X1 ${keys[1] ?? ''}\nquorum X1`],
    ['one key under two names', `witness X1 ${keys[0] ?? ''}\nwitness X2 ${keys[0] ?? ''}\nquorum X1`],
    ['a threshold above the members', `witness X1 ${keys[0] ?? ''}\ngroup A 2 X1\nquorum A`],
    ['a threshold of 0', `witness X1 ${keys[0] ?? ''}\ngroup A 0 X1\nquorum A`],
    ['the key of a log as a witness', `witness X1 ${log}\nquorum X1`],
    ['the key of a witness as a log', `log ${keys[0] ?? ''}\nquorum none`],
    ['an unknown line', 'trust everybody\nquorum none'],
    ['a name of an object', 'constructor x\nquorum none'],
    ['a control character', 'quorum none\r\n'],
  ])('with %s is refused', (_what, lines) => {
    expect(() => parsePolicy(crypto.sha256, lines)).toThrow(malformed)
  })
})

describe.runIf(haveVectors())('RFC 8785', () => {
  test.each(['arrays', 'french', 'structures', 'unicode', 'values', 'weird'])('%s is written as published', (name) => {
    const given: unknown = JSON.parse(textVector(`jcs-rfc8785/testdata/input/${name}.json`))
    const wanted = readVector(`jcs-rfc8785/testdata/output/${name}.json`)
    expect(canonical(given, WIDE_PROFILE)).toBe(Buffer.from(wanted).toString('utf8'))
    expect(toHex(canonicalBytes(given, WIDE_PROFILE))).toBe(
      textVector(`jcs-rfc8785/testdata/outhex/${name}.txt`).replaceAll(/\s/g, ''),
    )
    expect(() => checkCanonical(wanted, WIDE_PROFILE)).not.toThrow()
  })

  test('fractions are refused in an entry', () => {
    const given: unknown = JSON.parse(textVector('jcs-rfc8785/testdata/input/values.json'))
    expect(() => canonical(given)).toThrow(malformed)
  })
})
