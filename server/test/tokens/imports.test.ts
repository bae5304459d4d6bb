import { createHash, randomBytes } from 'node:crypto'
import { afterAll, beforeAll, describe, expect, test, vi } from 'vitest'
import type { ImportInput } from '../../src/tokens/import-input.ts'
import { createDigests } from '../../src/tokens/digests.ts'
import { NO_PEPPERS } from '../../src/tokens/peppers.ts'
import { openGate, SYSTEM, type Gate } from './support.ts'

let gate: Gate
beforeAll(async () => void (gate = await openGate()))
afterAll(() => gate.close())

const legacy = (
  text: string,
  scheme: ImportInput['scheme'],
  encoding: 'hex' | 'base64' | 'base64url',
  more: Partial<ImportInput> = {},
): ImportInput => ({
  id: `legacy:${text.slice(-6)}`,
  owner: 'old-system',
  scheme,
  hash: createHash(scheme === 'sha512-256' ? 'sha512-256' : 'sha256')
    .update(text)
    .digest(encoding),
  ...more,
})
const take = (tokens: readonly ImportInput[], tenant = gate.own) =>
  gate.issuer.importHashes({ tenantNo: tenant.no, actor: SYSTEM, tokens })

describe('imported hashes', () => {
  test.each([
    ['sha256:hex', 'hex'],
    ['sha256:base64', 'base64'],
    ['sha256:base64', 'base64url'],
    ['sha512-256', 'hex'],
    ['sha512-256', 'base64'],
  ] as const)('of %s in %s validate unchanged, at once from the second use on', async (scheme, encoding) => {
    const text = `sk_live_${randomBytes(24).toString('base64url')}`
    const { imported } = await take([
      legacy(text, scheme, encoding, { scopes: ['read'], issuedAt: gate.clock.now() - 86_400_000 }),
    ])
    expect(imported[0]).toMatchObject({ scheme, digest: null, ownerId: 'old-system', issuedAtKnown: true })
    expect(await gate.validate(text, { scopes: ['read'] })).toMatchObject({
      reason: 'valid',
      token: { id: `legacy:${text.slice(-6)}` },
    })
    expect(gate.door.judge({ tenantNo: gate.own.no, token: text })?.reason).toBe('valid')
    expect((await gate.validate(`${text}x`)).reason).toBe('unknown')
  })

  test('are looked up only where foreign tokens are, in their tenant', async () => {
    const text = `key-${randomBytes(16).toString('hex')}`
    await take([legacy(text, 'sha256:hex', 'hex')])
    expect((await gate.validate(text)).reason).toBe('valid')
    expect((await gate.door.validate({ tenantNo: gate.other.no, token: text })).reason).toBe('malformed')
    await take([legacy('another-text-there', 'sha256:hex', 'hex')], gate.other)
    expect(await gate.door.validate({ tenantNo: gate.other.no, token: text })).toMatchObject({
      reason: 'wrong_audience',
      token: null,
    })
    expect((await gate.door.validate({ tenantNo: gate.other.no, token: 'never-seen-anywhere' })).reason).toBe('unknown')
  })

  test('keep their expiry, and are revoked from the very next validation', async () => {
    const [text, short] = [`a-${randomBytes(16).toString('hex')}`, `b-${randomBytes(16).toString('hex')}`]
    await take([legacy(text, 'sha256:hex', 'hex'), legacy(short, 'sha512-256', 'hex', { expiresAt: gate.clock.now() + 1000 })])
    expect([(await gate.validate(text)).reason, (await gate.validate(short)).reason]).toEqual(['valid', 'valid'])
    gate.clock.move(1000)
    expect((await gate.validate(short)).reason).toBe('expired')
    await gate.issuer.revoke({ tenantNo: gate.own.no, actor: SYSTEM, id: `legacy:${text.slice(-6)}` })
    expect((await gate.validate(text)).reason).toBe('revoked')
  })

  test('that are there already are named and skipped', async () => {
    const token = legacy(`c-${randomBytes(16).toString('hex')}`, 'sha256:hex', 'hex')
    expect((await take([token])).imported).toHaveLength(1)
    expect(await take([token])).toEqual({ imported: [], existing: [token.id] })
  })

  test('rotate into a token of our own form', async () => {
    const text = `d-${randomBytes(16).toString('hex')}`
    await take([legacy(text, 'sha256:hex', 'hex', { scopes: ['x'] })])
    const rotated = await gate.issuer.rotate({
      tenantNo: gate.own.no,
      actor: SYSTEM,
      id: `legacy:${text.slice(-6)}`,
      graceSeconds: 60,
    })
    expect(rotated.token).toMatch(/^ttk_/)
    expect((await gate.validate(rotated.token, { scopes: ['x'] })).reason).toBe('valid')
    expect((await gate.validate(text)).reason).toBe('in_grace')
  })

  test.each([
    ['an unknown scheme', { scheme: 'md5' as never }, 'hash_invalid', '/tokens/1/scheme'],
    ['a hash that is too short', { hash: 'abc' }, 'hash_invalid', '/tokens/1/hash'],
    ['hex for base64', { scheme: 'sha256:base64' as const, hash: 'a'.repeat(64) }, 'hash_invalid', '/tokens/1/hash'],
    ['an id of our own form', { id: '0123456789abcdef' }, 'body_invalid', '/tokens/1/id'],
    ['a single-use kind', { kind: 'action' as const, action: 'x' }, 'body_invalid', '/tokens/1/kind'],
    ['an issue in the future', { issuedAt: Date.UTC(2090, 0) }, 'time_invalid', '/tokens/1/issuedAt'],
    ['an expiry in the past', { expiresAt: 5 }, 'time_invalid', '/tokens/1/expiresAt'],
  ])('with %s are refused whole, naming the place', async (_, change, code, input) => {
    const good = legacy(`e-${randomBytes(16).toString('hex')}`, 'sha256:hex', 'hex')
    await expect(take([good, { ...good, id: 'legacy:second', ...change }])).rejects.toMatchObject({ code, input })
    expect(await gate.records.read.token(gate.own.no, good.id)).toBeNull()
  })
})

describe('peppers', () => {
  const [first, second] = [randomBytes(32), randomBytes(32)]
  const one = { newest: 1, byNo: new Map([[1, first]]) }
  const two = {
    newest: 2,
    byNo: new Map([
      [1, first],
      [2, second],
    ]),
  }

  test('key what is stored, and a newer one takes over at the next accepted use', async () => {
    const plain = await gate.issue()
    const issued = await gate.anotherIssuer(one).issue({ tenantNo: gate.own.no, actor: SYSTEM, input: { owner: 'service' } })
    const schemeOf = async (id: string) => (await gate.records.read.token(gate.own.no, id))?.scheme
    expect(await schemeOf(issued.record.id)).toBe('hmac-sha256:1')
    const door = gate.anotherDoor({ peppers: two })
    for (const { record, token } of [plain, issued]) {
      expect((await door.validate({ tenantNo: gate.own.no, token })).reason).toBe('valid')
      await vi.waitFor(async () => expect(await schemeOf(record.id)).toBe('hmac-sha256:2'))
      expect((await door.validate({ tenantNo: gate.own.no, token })).reason).toBe('valid')
    }
  })

  test('that are missing make the verifier set up wrongly, not the token wrong', async () => {
    const issued = await gate.anotherIssuer(two).issue({ tenantNo: gate.own.no, actor: SYSTEM, input: { owner: 'service' } })
    expect(await gate.anotherDoor({ peppers: one }).validate({ tenantNo: gate.own.no, token: issued.token })).toMatchObject({
      reason: 'misconfigured',
      answer: 'unavailable',
    })
  })

  test('are checked when the door is made', () => {
    expect(() => createDigests({ newest: 3, byNo: new Map() })).toThrow(TypeError)
    expect(() => createDigests({ newest: 1, byNo: new Map([[1, new Uint8Array(16)]]) })).toThrow(TypeError)
    expect(createDigests(NO_PEPPERS).scheme).toBe('sha256')
  })
})
