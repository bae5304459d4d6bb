import { mkdtempSync, readFileSync, readdirSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createHash } from 'node:crypto'
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest'
import type { Privacy } from '../../src/privacy/privacy.ts'
import { DOMAINS } from '../../src/privacy/domains.ts'
import { openPrivacy } from '../../src/privacy/pseudonyms.ts'
import { createKeyEncryption } from '../../src/privacy/wrap.ts'
import { openRecords } from '../../src/records/open.ts'
import type { Records } from '../../src/records/records.ts'

const NOON = Date.UTC(2026, 10, 25, 12)
const DAY = 86_400_000
const log = { info() {}, warn() {}, error() {} }
const kek = new Uint8Array(32).fill(9)
const CHROME = 'Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/120.0.0.0 Safari/537.36'

let folder: string
let now: number
let records: Records
let opened: { close(): void }[]
const clock = { now: () => now, ticks: () => now * 1000 }

async function open(key = kek): Promise<Privacy & { close(): void }> {
  const privacy = await openPrivacy({ records, kek: key, clock, log })
  opened.push(privacy)
  return privacy
}

beforeEach(async () => {
  folder = mkdtempSync(join(tmpdir(), 'tokentrail-privacy-'))
  now = NOON
  opened = []
  records = await openRecords({ file: join(folder, 'records.db'), clock, log })
  for (const name of ['a', 'b']) await records.act('addTenant', { name, at: now, actor: { no: 0, kind: 'system' } })
})

afterEach(async () => {
  for (const each of opened) each.close()
  await records.close()
  rmSync(folder, { recursive: true, force: true })
})

describe('a source', () => {
  test('has one pseudonym a day and one a month, which do not lead to each other', async () => {
    const privacy = await open()
    await privacy.prepare(1, NOON + DAY)
    const today = privacy.source(1, NOON, '192.0.2.7', CHROME)
    expect(privacy.source(1, NOON + 3000, '192.0.2.7', CHROME)).toBe(today)
    const tomorrow = privacy.source(1, NOON + DAY, '192.0.2.7', CHROME)
    expect(tomorrow.addressDay).not.toBe(today.addressDay)
    expect(tomorrow.addressMonth).toBe(today.addressMonth)
    expect(new Set([today.addressDay, today.addressMonth, today.network]).size).toBe(3)
    expect(today).toMatchObject({ client: 'Chrome', asn: 0, country: '' })
    expect(privacy.missing()).toBe(0)
  })

  test('shares its network with its neighbours, and nothing with another tenant', async () => {
    const privacy = await open()
    const [one, near, far] = ['192.0.2.7', '192.0.2.200', '192.0.3.7'].map((ip) => privacy.source(1, NOON, ip, undefined))
    expect(near!.network).toBe(one!.network)
    expect(near!.addressDay).not.toBe(one!.addressDay)
    expect(far!.network).not.toBe(one!.network)
    const elsewhere = privacy.source(2, NOON, '192.0.2.7', CHROME)
    const here = privacy.source(1, NOON, '192.0.2.7', CHROME)
    for (const field of ['addressDay', 'addressMonth', 'network', 'clientHash'] as const)
      expect(elsewhere[field]).not.toBe(here[field])
  })

  test('is the same address in every notation, and nothing where there is none', async () => {
    const privacy = await open()
    const of = (ip: string | undefined) => privacy.source(1, NOON, ip, undefined)
    expect(of('::ffff:192.0.2.7')).toEqual(of('192.0.2.7'))
    expect(of('2001:DB8:0:0::1')).toEqual(of('2001:db8::1'))
    expect(of('2001:db8:0:7::1').network).toBe(of('2001:db8:0:8::1').network)
    for (const none of [undefined, '', 'junk', '192.0.2.7:443', '0x7f.1', '192.0.2.7, 10.0.0.1']) {
      expect(of(none)).toMatchObject({ addressDay: 0n, addressMonth: 0n, network: 0n, client: '', clientHash: 0 })
    }
  })

  test('keeps its pseudonyms over a restart, since keys are kept and not derived', async () => {
    const before = (await open()).source(1, NOON, '192.0.2.7', CHROME)
    expect((await open()).source(1, NOON, '192.0.2.7', CHROME)).toEqual(before)
  })

  test('of an old log gets keys of its own days, which die two days after the import', async () => {
    const privacy = await open()
    const old = Date.UTC(2023, 6, 10, 9)
    await privacy.prepare(1, old)
    const seen = privacy.source(1, old, '192.0.2.7', undefined)
    expect(seen.addressDay).not.toBe(0n)
    now += 2 * DAY + 1
    expect(await privacy.destroyExpiredKeys(now)).toBeGreaterThan(0)
    const [days] = [
      (await records.read.keys()).filter(
        ({ domain, epoch }) => domain === 'address_day' && epoch === DOMAINS.address_day.epochOf(old),
      ),
    ]
    expect(days).toEqual([])
  })
})

describe('keys', () => {
  test('are made once, whoever asks first, and stand wrapped in records', async () => {
    const [a, b] = await Promise.all([open(), open()])
    expect(a.source(1, NOON, '192.0.2.7', CHROME)).toEqual(b.source(1, NOON, '192.0.2.7', CHROME))
    const keys = await records.read.keys()
    expect(new Set(keys.map(({ domain, tenantNo, epoch }) => `${domain} ${tenantNo} ${epoch}`)).size).toBe(keys.length)
    for (const { wrapped } of keys) expect(wrapped).toHaveLength(1 + 8 + 12 + 32 + 16)
    const raw = keys.map(({ wrapped, domain, tenantNo, epoch }) =>
      Buffer.from(createKeyEncryption(() => [kek]).unwrap(wrapped, `${domain}|${tenantNo}|${epoch}`)),
    )
    for (const file of readdirSync(folder)) {
      const bytes = readFileSync(join(folder, file))
      for (const key of raw) expect(bytes.includes(key)).toBe(false)
    }
  })

  test('of days are renewed at an erasure: what an old hash was made of cannot be tried any more', async () => {
    const privacy = await open()
    const before = privacy.source(1, NOON, '192.0.2.7', undefined)
    expect(await privacy.renewDays(1)).toBeGreaterThan(0)
    const after = privacy.source(1, NOON, '192.0.2.7', undefined)
    expect(after.addressDay).not.toBe(before.addressDay)
    expect(after.addressDay).not.toBe(0n)
    expect(after.network).toBe(before.network)
    expect(privacy.pseudonyms(1, '192.0.2.7').map(({ value }) => value)).not.toContain(before.addressDay)
    const other = await open()
    expect(other.source(1, NOON, '192.0.2.7', undefined)).toEqual(after)
  })

  test('destroyed on their date take the link with them: the same address is another one', async () => {
    const privacy = await open()
    const before = privacy.source(1, NOON, '192.0.2.7', undefined)
    now = NOON + 4 * DAY
    await privacy.destroyExpiredKeys(now)
    expect(privacy.source(1, NOON, '192.0.2.7', undefined).addressDay).toBe(0n)
    expect(privacy.missing()).toBeGreaterThan(0)
    await vi.waitFor(() => expect(privacy.source(1, NOON, '192.0.2.7', undefined).addressDay).not.toBe(0n))
    expect(privacy.source(1, NOON, '192.0.2.7', undefined).addressDay).not.toBe(before.addressDay)
  })

  test('under another key-encryption key stop the start', async () => {
    await open()
    await expect(open(new Uint8Array(32))).rejects.toMatchObject({ code: 'config_invalid', input: 'kek' })
    await expect(open(new Uint8Array(16))).rejects.toThrow(TypeError)
  })

  test('that are missing leave columns empty and counted, and are made for the next time', async () => {
    const privacy = await open()
    const { no } = await records.act('addTenant', { name: 'c', at: now, actor: { no: 0, kind: 'system' } })
    const first = privacy.source(no, NOON, '192.0.2.7', CHROME)
    expect(first).toMatchObject({ addressDay: 0n, addressMonth: 0n, network: 0n, client: 'Chrome', clientHash: 0 })
    expect(privacy.missing()).toBe(4)
    await vi.waitFor(() => expect(privacy.source(no, NOON, '192.0.2.7', CHROME).addressDay).not.toBe(0n))
  })
})

test('a fingerprint is keyed by tenant and month, and is not the digest', async () => {
  const privacy = await open()
  const digest = createHash('sha256').update('text').digest()
  const { fingerprint, epoch } = privacy.fingerprint(1, NOON, digest)
  expect(epoch).toBe((2026 - 2020) * 12 + 10)
  expect(fingerprint).toHaveLength(16)
  expect(Buffer.from(fingerprint)).toEqual(Buffer.from(privacy.fingerprint(1, NOON + 3_600_000, digest).fingerprint))
  expect(Buffer.from(fingerprint)).not.toEqual(digest.subarray(0, 16))
  expect(Buffer.from(privacy.fingerprint(2, NOON, digest).fingerprint)).not.toEqual(Buffer.from(fingerprint))
  await privacy.prepare(1, NOON + 31 * DAY)
  expect(Buffer.from(privacy.fingerprint(1, NOON + 31 * DAY, digest).fingerprint)).not.toEqual(Buffer.from(fingerprint))
})

test('a resource has one number in its tenant, for as long as the tenant', async () => {
  const privacy = await open()
  expect(privacy.resource(1, 'order-1')).toBe(privacy.resource(1, 'order-1'))
  expect(privacy.resource(1, 'order-1')).not.toBe(privacy.resource(1, 'order-2'))
  expect(privacy.resource(1, 'order-1')).not.toBe(privacy.resource(2, 'order-1'))
  const before = privacy.resource(1, 'order-1')
  now += 4000 * DAY
  await privacy.destroyExpiredKeys(now)
  expect((await open()).resource(1, 'order-1')).toBe(before)
})
