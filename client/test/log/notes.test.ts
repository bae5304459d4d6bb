import { describe, expect, test } from 'vitest'
import {
  cosign,
  formatCheckpoint,
  formatKey,
  formatNote,
  fromBase64,
  openCheckpoint,
  parseCheckpoint,
  parseKey,
  parseNote,
  parseSignatureLines,
  signCheckpoint,
  signNote,
  toBase64,
  utf8,
  verifyNote,
  withSignatures,
} from '../../src/log/index.ts'
import { crypto, haveVectors, knownNotes, signerOf, textVector } from './support.ts'

const log = signerOf('example.com/log', 1)
const other = signerOf('example.com/log', 2)
const witness = signerOf('witness.example/w1', 3, 'cosignature')
const root = new Uint8Array(32).fill(7)
const checkpoint = { origin: 'example.com/log', size: 9_007_199_254_740_993n, root }
const malformed = expect.objectContaining({ code: 'malformed' })
const bad = expect.objectContaining({ code: 'signature_bad' })

describe('a note', () => {
  test('is believed for the keys that are known, whoever else has signed', async () => {
    const note = parseNote(await signNote('text\n', [log, other]))
    expect(verifyNote(crypto, note, [log.key]).map(({ key }) => key)).toEqual([log.key])
    expect(verifyNote(crypto, note, [signerOf('example.com/else', 1).key])).toEqual([])
    expect(verifyNote(crypto, note, [])).toEqual([])
  })

  test('with a bad signature of a known key is an error, also beside a good one', async () => {
    const note = parseNote(await signNote('text\n', [log, other]))
    const changed = { ...note, text: 'other\n' }
    expect(() => verifyNote(crypto, changed, [log.key])).toThrow(bad)
    expect(() => verifyNote(crypto, { ...changed, signatures: note.signatures.slice(1) }, [log.key, other.key])).toThrow(bad)
    expect(verifyNote(crypto, changed, [witness.key])).toEqual([])
  })

  test.each([
    ['no empty line', 'text\n— a YWFhYWFhYWE=\n'],
    ['no signature', 'text\n\n'],
    ['no newline at the end', 'text\n\n— a YWFhYWFhYWE='],
    ['a hyphen for the dash', 'text\n\n- a YWFhYWFhYWE=\n'],
    ['a plus in the name', 'text\n\n— a+b YWFhYWFhYWE=\n'],
    ['a space that is none of ASCII in the name', 'text\n\n— a\u00a0b YWFhYWFhYWE=\n'],
    ['two spaces', 'text\n\n— a  YWFhYWFhYWE=\n'],
    ['base64 with stray bits', 'text\n\n— a YWFhYWFhYWF=\n'],
    ['base64 without padding', 'text\n\n— a YWFhYWFhYWE\n'],
    ['a signature of no bytes', 'text\n\n— a YWFhYQ==\n'],
    ['a control character', 'te\txt\n\n— a YWFhYWFhYWE=\n'],
    ['half a character', 'te\ud800xt\n\n— a YWFhYWFhYWE=\n'],
    ['65 signatures', `text\n\n${'— a YWFhYWFhYWE=\n'.repeat(65)}`],
  ])('with %s is refused', (_what, text) => {
    expect(() => parseNote(text)).toThrow(malformed)
  })

  test('is split at its last empty line, and written as it was read', () => {
    const text = 'one\n\ntwo\n\n— a YWFhYWFhYWE=\n— b YWFhYWFhYWE=\n'
    const note = parseNote(text)
    expect(note.text).toBe('one\n\ntwo\n')
    expect(formatNote(note)).toBe(text)
  })

  test('keeps the first signature of each name and id', async () => {
    const note = parseNote(await signNote('text\n', [log]))
    expect(withSignatures(note, note.signatures)).toEqual(note)
    const more = parseNote(await signNote('text\n', [other])).signatures
    expect(withSignatures(note, more).signatures).toEqual([...note.signatures, ...more])
  })

  test('is not signed with the key of a witness, nor cosigned with that of a log', async () => {
    await expect(signNote('text\n', [witness])).rejects.toThrow(malformed)
    await expect(cosign('text\n', log, 1n)).rejects.toThrow(malformed)
  })
})

describe('a verifier key', () => {
  test('is read as it was written', () => {
    expect(parseKey(crypto.sha256, formatKey(log.key))).toEqual(log.key)
    expect(formatKey(witness.key)).toMatch(/^witness\.example\/w1\+[0-9a-f]{8}\+B[A-P]/)
  })

  test.each([
    '',
    'a+00000000',
    'a b+00000000+AQ==',
    `a+00000000+${toBase64(new Uint8Array(33).fill(1))}`,
    `a+00000000+${toBase64(new Uint8Array(10))}`,
  ])('%j is none', (text) => {
    expect(() => parseKey(crypto.sha256, text)).toThrow(malformed)
  })

  test('of an unknown type is refused', () => {
    const [name = '', id = ''] = formatKey(log.key).split('+')
    expect(() => parseKey(crypto.sha256, `${name}+${id}+${toBase64(new Uint8Array(33).fill(9))}`)).toThrow(malformed)
  })
})

describe('a checkpoint', () => {
  test('keeps sizes beyond 2^53', async () => {
    const opened = openCheckpoint(crypto, await signCheckpoint(checkpoint, log), { logs: [log.key] })
    expect(opened).toMatchObject({ origin: checkpoint.origin, size: checkpoint.size, root, extensions: [] })
  })

  test('is believed only for a log key that bears its origin', async () => {
    const note = await signCheckpoint(checkpoint, signerOf('example.com/else', 1))
    expect(() => openCheckpoint(crypto, note, { logs: [signerOf('example.com/else', 1).key, log.key] })).toThrow(bad)
    expect(() => openCheckpoint(crypto, note, { logs: [] })).toThrow(bad)
  })

  test('shows what witnesses stated and when; a lying one is an error', async () => {
    const signed = parseNote(await signCheckpoint(checkpoint, log))
    const cosigned = withSignatures(signed, [await cosign(signed.text, witness, 1_800_000_000n)])
    const keys = { logs: [log.key], witnesses: [witness.key] }
    const opened = openCheckpoint(crypto, formatNote(cosigned), keys)
    expect(opened.cosignatures).toMatchObject([{ key: witness.key, time: 1_800_000_000n }])
    const lying = withSignatures(signed, [await cosign(`${signed.text}more\n`, witness, 1_800_000_000n)])
    expect(() => openCheckpoint(crypto, formatNote(lying), keys)).toThrow(bad)
    expect(openCheckpoint(crypto, formatNote(lying), { logs: [log.key] }).cosignatures).toEqual([])
  })

  test('with another time than was signed is an error', async () => {
    const signed = parseNote(await signCheckpoint(checkpoint, log))
    const { name, id, bytes } = await cosign(signed.text, witness, 1_800_000_000n)
    const later = bytes.map((byte, at) => (at === 7 ? byte ^ 1 : byte))
    expect(() => verifyNote(crypto, { ...signed, signatures: [{ name, id, bytes: later }] }, [witness.key])).toThrow(bad)
  })

  test.each([
    ['a size with a leading zero', 'o\n01\nAAAA\n'],
    ['a negative size', `o\n-1\n${toBase64(root)}\n`],
    ['a size beyond 2^63 - 1', `o\n9223372036854775808\n${toBase64(root)}\n`],
    ['a root of 31 bytes', `o\n1\n${toBase64(root.subarray(1))}\n`],
    ['no origin', `\n1\n${toBase64(root)}\n`],
    ['an empty extension line', `o\n1\n${toBase64(root)}\n\nx\n`],
    ['two lines', 'o\n1\n'],
  ])('with %s is refused', (_what, text) => {
    expect(() => parseCheckpoint(text)).toThrow(malformed)
  })

  test('of others may have extension lines; ours has none', () => {
    expect(parseCheckpoint(`o\n1\n${toBase64(root)}\nmore\n`).extensions).toEqual(['more'])
    expect(formatCheckpoint(checkpoint)).toBe(`example.com/log\n9007199254740993\n${toBase64(root)}\n`)
  })
})

test('a cosignature of ML-DSA-44 is read and ignored', async () => {
  const key = { name: 'pq.example', id: 7, type: 0x06, publicKey: new Uint8Array(1312) }
  const signed = parseNote(await signCheckpoint(checkpoint, log))
  const note = withSignatures(signed, [{ name: key.name, id: key.id, bytes: new Uint8Array(8 + 2420) }])
  expect(openCheckpoint(crypto, formatNote(note), { logs: [log.key], witnesses: [key] }).cosignatures).toEqual([])
})

describe.runIf(haveVectors())('published notes', () => {
  test('verify, and signing gives the same bytes', async () => {
    const known = knownNotes()
    for (const { vkey, note } of [known.c2sp_signed_note_example, known.go_sumdb_note_example]) {
      const key = parseKey(crypto.sha256, vkey)
      expect(verifyNote(crypto, parseNote(note), [key])).toHaveLength(1)
      expect(formatKey(key)).toBe(vkey)
    }
    const { skey, note } = known.go_sumdb_note_example
    const [, name = '', , material = ''] = /^PRIVATE\+KEY\+([^+]+)\+([^+]+)\+(.*)$/.exec(skey) ?? []
    const signer = signerOf(name, fromBase64(material, 'key').slice(1))
    expect(await signNote(parseNote(note).text, [signer])).toBe(note)
  })

  test('a cosignature that another implementation made verifies, and no changed byte of it does', () => {
    const { vkey, note_file: file, origin } = knownNotes().cosignature_v1_0x04
    const key = parseKey(crypto.sha256, vkey)
    const note = parseNote(textVector(file))
    expect(parseCheckpoint(note.text).origin).toBe(origin)
    expect(verifyNote(crypto, note, [key])).toMatchObject([{ key, time: 1_767_139_200n }])
    const own = note.signatures.filter(({ name }) => name === key.name)
    const bytes = utf8(formatNote({ text: note.text, signatures: own }))
    const survivors = Array.from(bytes.keys()).filter((at) => isCosigned(bytes.with(at, (bytes[at] ?? 0) ^ 1)))
    expect(survivors).toEqual([])

    function isCosigned(changed: Uint8Array): boolean {
      try {
        return verifyNote(crypto, parseNote(new TextDecoder('utf-8', { fatal: true }).decode(changed)), [key]).length > 0
      } catch {
        return false
      }
    }
  })

  test('sixteen checkpoints of a log open, and the answer of a witness is read', () => {
    const { vkey, dir } = knownNotes().tessera_testlog
    const key = parseKey(crypto.sha256, vkey)
    for (let size = 0; size <= 15; size++) {
      expect(openCheckpoint(crypto, textVector(`${dir}/checkpoint.${String(size)}`), { logs: [key] }).size).toBe(BigInt(size))
    }
    expect(parseSignatureLines('— w YWFhYWFhYWE=\n')).toHaveLength(1)
  })
})
