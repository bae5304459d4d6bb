import { createHmac, createHash } from 'node:crypto'
import { cpSync, mkdtempSync, readFileSync, readdirSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import { readTrust, verifyEventProof } from 'tokentrail/verify'
import { afterAll, beforeAll, describe, expect, test, vi } from 'vitest'
import { LOG_CRYPTO } from '../../src/audit/crypto.ts'
import { openKeys } from '../../src/config/keys.ts'
import { openTokentrail, readConfig, type Tokentrail } from '../../src/main.ts'
import { addressBytes, networkBytes } from '../../src/privacy/address.ts'
import { createKekChange } from '../../src/privacy/kek-change.ts'
import { openSealed } from '../../src/privacy/seal.ts'
import { openSubjectKeys } from '../../src/privacy/subject-keys.ts'
import { createKeyEncryption } from '../../src/privacy/wrap.ts'
import { openStore } from '../../src/store/open.ts'

/** A privacy officer erases a person on a whole server, and then looks everywhere. */

const MAIL = 'erin.mustermann@example.org'
const ADDRESS = '10.7.3.9'
const OTHER_ADDRESS = '10.7.9.9'
/** What must be found nowhere when it is over. */
const WORDS = [MAIL, 'erins-laptop', 'erin.home.example']

const logged: string[] = []
const log = { info: keep, warn: keep, error: keep }
function keep(facts: object, message: string): void {
  const text = JSON.stringify(facts, (_, value: unknown) =>
    value instanceof Error ? `${value.message} ${String(value.cause)}` : value,
  )
  logged.push(`${text} ${message}`)
}

let data: string
let backup: string
let trail: Tokentrail
let admin: string
let vkey: string
let erin: { token: string; id: string }
let erasure: { id: string; state: string; values: number }
const proofs = new Map<string, string>()
const ownEvents: string[] = []

async function call(method: string, path: string, body?: unknown) {
  const answer = await fetch(trail.url + path, {
    method,
    headers: { authorization: `Bearer ${admin}`, ...(body === undefined ? {} : { 'content-type': 'application/json' }) },
    ...(body === undefined ? {} : { body: JSON.stringify(body) }),
  })
  const text = await answer.text()
  const isJson = answer.headers.get('content-type')?.includes('json') ?? false
  // oxlint-disable-next-line typescript/no-explicit-any -- answers are looked into freely
  const json: any = isJson ? JSON.parse(text) : undefined
  return { status: answer.status, body: json, text }
}

function use(token: string, ip: string, requestId: string) {
  return call('POST', '/v1/validate', { token, ip, userAgent: 'curl/8.5 (erin.home.example)', requestId })
}

/** Somebody's token and uses, and a note that names them in what was done to another's token. */
async function live(): Promise<void> {
  const issue = async (body: object) => (await call('POST', '/v1/tokens', { kind: 'access', ...body })).body
  erin = await issue({ owner: MAIL, name: 'erins-laptop', metadata: { host: 'erin.home.example' }, cidrs: ['10.7.0.0/16'] })
  const other = await issue({ owner: 'svc-billing', name: 'billing' })
  for (let i = 0; i < 20; i++) await use(erin.token, ADDRESS, `erin.home.example/${i}`)
  for (let i = 0; i < 5; i++) await use(other.token, OTHER_ADDRESS, `billing/${i}`)
  const spare = await issue({ owner: 'svc-billing', name: 'spare' })
  await call('POST', `/v1/tokens/${spare.id}/revoke`, { reason: 'manual', note: `as ${MAIL} asked` })
}

const eventsOf = async (query: string): Promise<{ id: string; type: string }[]> =>
  (await call('GET', `/v1/events?limit=500&${query}`)).body.rows

async function takeProofs(): Promise<void> {
  const window = `from=${Date.now() - 3_600_000}&to=${Date.now()}`
  const own = await vi.waitFor(
    async () => {
      const rows = await eventsOf(`${window}&token=${erin.id}`)
      expect(rows.filter(({ type }) => type === 'token.validated')).toHaveLength(20)
      return rows
    },
    { timeout: 20_000, interval: 200 },
  )
  ownEvents.push(...own.map(({ id }) => id))
  const all = [...own.slice(0, 6), ...(await eventsOf(window)).slice(0, 6)]
  for (const { id } of all) proofs.set(id, await proofOf(id))
}

function proofOf(id: string): Promise<string> {
  return vi.waitFor(
    async () => {
      const answer = await call('GET', `/v1/events/${id}/proof`)
      expect(answer.status).toBe(200)
      return answer.text
    },
    { timeout: 20_000, interval: 200 },
  )
}

/** Every file as it is now; what the store makes and takes away meanwhile is left out. */
function bytesBelow(folder: string): { file: string; bytes: Buffer }[] {
  return (unlessGone(() => readdirSync(folder, { withFileTypes: true })) ?? []).flatMap((entry) => {
    const file = join(folder, entry.name)
    if (entry.isDirectory()) return bytesBelow(file)
    const bytes = entry.isFile() ? unlessGone(() => readFileSync(file)) : undefined
    return bytes ? [{ file, bytes }] : []
  })
}

function unlessGone<Value>(read: () => Value): Value | undefined {
  try {
    return read()
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return undefined
    throw error
  }
}

function filesWith(words: readonly string[]): string[] {
  const needles = words.flatMap((word) => [Buffer.from(word), Buffer.from(word, 'utf16le')])
  return bytesBelow(data)
    .filter(({ bytes }) => needles.some((needle) => bytes.includes(needle)))
    .map(({ file }) => file.slice(data.length))
}

const subject = `/v1/subjects/${encodeURIComponent(MAIL)}`

beforeAll(async () => {
  data = mkdtempSync(join(tmpdir(), 'tokentrail-erasure-'))
  backup = mkdtempSync(join(tmpdir(), 'tokentrail-backup-'))
  trail = await openTokentrail(readConfig({ data, port: '0', logLevel: 'silent' }, {}), log)
  admin = readFileSync(trail.adminTokenFile, 'utf8').trim()
  await live()
  await takeProofs()
  vkey = readFileSync(join(data, 'audit', 'log.vkey'), 'utf8').trim()
}, 120_000)

afterAll(async () => {
  await trail.close()
  for (const folder of [data, backup]) rmSync(folder, { recursive: true, force: true })
})

test('a person whose tokens work is not erased by mistake, but is when that is said', async () => {
  expect(filesWith(WORDS)).not.toEqual([])
  for (const name of readdirSync(data).filter((each) => /^(?:records|subject-keys)/.test(each)))
    cpSync(join(data, name), join(backup, name))
  const refused = await call('POST', `${subject}/erase`, { ground: 'they asked' })
  expect(refused.body).toMatchObject({ status: 409, code: 'subject_active' })
  erasure = (await call('POST', `${subject}/erase`, { ground: 'they asked', endTokens: true })).body
  await vi.waitFor(
    async () => {
      erasure = (await call('GET', `/v1/subjects/erasures/${erasure.id}`)).body
      expect(erasure.state).toBe('done')
    },
    { timeout: 170_000, interval: 500 },
  )
}, 180_000)

describe('an erased person', () => {
  test('is found in no file of the data folder, no log line and no answer', async () => {
    await vi.waitFor(() => expect(filesWith(WORDS)).toEqual([]), { timeout: 20_000, interval: 500 })
    expect(logged.filter((line) => WORDS.some((word) => line.includes(word)))).toEqual([])
    const window = `from=${Date.now() - 3_600_000}&to=${Date.now()}`
    const pages = [
      `/v1/events?limit=500&${window}`,
      '/v1/tokens',
      '/v1/subjects/erasures',
      '/v1/audit/entries',
      `/v1/tokens/${erin.id}`,
    ]
    for (const path of pages) {
      const { text } = await call('GET', path)
      for (const word of WORDS) expect(text).not.toContain(word)
    }
    expect((await call('GET', `${subject}/export`)).status).toBe(404)
  })

  test('leaves an event that says what was done, and nobody', async () => {
    const [event] = (await eventsOf(`from=${Date.now() - 3_600_000}&to=${Date.now()}`)).filter(
      ({ type }) => type === 'subject.erased',
    )
    expect(event).toMatchObject({ type: 'subject.erased' })
    expect(event).not.toHaveProperty('owner')
    expect(event).not.toHaveProperty('token')
    expect(erasure.values).toBeGreaterThan(0)
  })

  test('leaves validations that count, and a token that is dead', async () => {
    const rows = await eventsOf(`from=${Date.now() - 3_600_000}&to=${Date.now()}&token=${erin.id}`)
    expect(rows.filter(({ type }) => type === 'token.validated')).toHaveLength(20)
    expect((await use(erin.token, '192.0.2.1', 'later')).body).toMatchObject({ verdict: 'rejected', reason: 'revoked' })
  })

  test('breaks no proof: those taken before verify, and the same events are proven anew', async () => {
    const trust = readTrust(LOG_CRYPTO, vkey)
    expect(proofs.size).toBeGreaterThan(6)
    for (const [id, before] of proofs) {
      const { isGood } = await verifyEventProof({ crypto: LOG_CRYPTO, trust, text: before })
      expect({ id, isGood }).toEqual({ id, isGood: true })
    }
    for (const id of [...proofs.keys(), ...ownEvents]) {
      const text = await proofOf(id)
      expect((await verifyEventProof({ crypto: LOG_CRYPTO, trust, text })).isGood).toBe(true)
      for (const word of WORDS) expect(text).not.toContain(word)
    }
  }, 60_000)

  test('does not come back with a repeated import', async () => {
    const { body: again } = await call('POST', '/v1/tokens/import', {
      tokens: [
        {
          id: erin.id,
          kind: 'access',
          owner: MAIL,
          scheme: 'sha256:hex',
          hash: createHash('sha256').update(erin.token).digest('hex'),
        },
      ],
    })
    expect(again.imported ?? []).toEqual([])
    expect((await call('GET', `/v1/tokens/${erin.id}`)).body.owner).toMatch(/^erased-/)
    expect((await call('POST', `${subject}/restrict`, { restricted: true, ground: 'test' })).status).toBe(404)
  })
})

describe('with the database, the keys and the logs in hand', () => {
  test('no candidate is confirmed by trying, and a backup older than its key opens nothing', async () => {
    await trail.close()
    const kek = createKeyEncryption(openKeys(join(data, 'keys')).keks)
    const keys = livingKeys(kek)
    expect(keys.length).toBeGreaterThan(4)

    // Trying all candidates finds somebody exactly if it finds the right one; so the right one is tried, under every key.
    const rows = await storeRows()
    const mine = rows.filter(({ owner }) => owner === ownerNo())
    const others = rows.filter(({ owner }) => owner !== ownerNo())
    expect(mine.length).toBeGreaterThanOrEqual(20)
    const named = (ip: string) => keys.flatMap((key) => numbersOf(key, ip))
    expect(named(OTHER_ADDRESS).some((number) => others.some(({ numbers }) => numbers.includes(number)))).toBe(true)
    const early = mine.filter(({ type }) => type === 201).slice(0, 20)
    for (const number of named(ADDRESS)) expect(early.filter(({ numbers }) => numbers.includes(number))).toEqual([])
    for (const digest of digestsOf(MAIL, keys)) {
      expect(
        bytesBelow(data)
          .filter(({ bytes }) => bytes.includes(digest))
          .map(({ file }) => file),
      ).toEqual([])
    }

    // Values that are sealed still open and say nobody; those of the backup were destroyed with their keys.
    const subjectKeys = await openSubjectKeys({ kek, file: join(data, 'subject-keys.sqlite') })
    for (const row of sealedRows(join(data, 'records.sqlite'))) {
      const key = (await subjectKeys.open([row.keyId])).get(row.keyId)
      expect(key ? openSealed(key, row).value : '').not.toContain('erin')
    }
    const old = sealedRows(join(backup, 'records.sqlite'))
    expect(old.length).toBeGreaterThan(0)
    await subjectKeys.close()
    const change = { folder: join(data, 'keys'), tenantNo: 1, privacy: { rewrap: async () => 0 } }
    const reopened = await openSubjectKeys({ kek, file: join(data, 'subject-keys.sqlite') })
    const records = { act: async () => ({ writer: 0, seq: 0 }) } as never
    await createKekChange({ ...change, records, subjectKeys: reopened }).rotate({ at: 0, actor: { no: 0, kind: 'system' } })
    await reopened.close()
    const now = createKeyEncryption(openKeys(join(data, 'keys')).keks)
    const stolen = await openSubjectKeys({ kek: now, file: join(backup, 'subject-keys.sqlite') })
    for (const { keyId } of old) await expect(stolen.open([keyId])).rejects.toMatchObject({ code: 'config_invalid' })
    await stolen.close()
  }, 60_000)
})

function livingKeys(kek: ReturnType<typeof createKeyEncryption>): Uint8Array[] {
  const records = new DatabaseSync(join(data, 'records.sqlite'), { readOnly: true })
  const stored = records.prepare('SELECT domain, tenant_no, epoch, wrapped FROM pseudonym_key').all()
  records.close()
  return stored.map(({ domain, tenant_no, epoch, wrapped }) =>
    kek.unwrap(wrapped as Uint8Array, `${String(domain)}|${String(tenant_no)}|${String(epoch)}`),
  )
}

function numbersOf(key: Uint8Array, ip: string): string[] {
  const bytes = addressBytes(ip) ?? new Uint8Array()
  return [bytes, networkBytes(bytes)].map((each) => String(createHmac('sha256', key).update(each).digest().readBigUInt64BE(0)))
}

/** What a candidate could stand as: hashed, or under any key, in bytes or as text. */
function digestsOf(text: string, keys: readonly Uint8Array[]): Buffer[] {
  const digests = [
    createHash('sha256').update(text).digest(),
    ...keys.map((key) => createHmac('sha256', key).update(text).digest()),
  ]
  return digests.flatMap((digest) => [
    digest.subarray(0, 8),
    Buffer.from(digest.toString('hex').slice(0, 16)),
    Buffer.from(digest.toString('base64url').slice(0, 16)),
  ])
}

async function storeRows(): Promise<{ type: number; owner: number; numbers: string[] }[]> {
  const store = await openStore({ dir: join(data, 'store'), memoryBytesMax: 2 ** 30, log })
  const { rows } = await store.query<{ type: number; owner: number; numbers: string[] }>({
    sql: `SELECT type, owner_no AS owner, [toString(address_day), toString(address_month), toString(network), toString(resource)] AS numbers
      FROM events ORDER BY occurred_at`,
    params: {},
  })
  await store.close()
  return rows
}

function ownerNo(): number {
  const records = new DatabaseSync(join(data, 'records.sqlite'), { readOnly: true })
  const { owner_no: no } = records.prepare('SELECT owner_no FROM erasure').get() ?? {}
  records.close()
  return Number(no)
}

function sealedRows(file: string) {
  const records = new DatabaseSync(file, { readOnly: true })
  const rows = records.prepare('SELECT tenant_no, event, field, key_id, nonce, sealed FROM sealed_value').all()
  records.close()
  return rows.map((row) => ({
    tenantNo: Number(row['tenant_no']),
    event: String(row['event']),
    field: String(row['field']),
    keyId: String(row['key_id']),
    nonce: row['nonce'] as Uint8Array,
    sealed: row['sealed'] as Uint8Array,
  }))
}
