import { createHash } from 'node:crypto'
import { mkdtempSync, readFileSync, readdirSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, afterEach, beforeEach, describe, expect, inject, test } from 'vitest'
import { askForPostgres, createDatabase } from '../../../test/postgres.ts'
import { createSeal, openSealed } from '../../src/privacy/seal.ts'
import { openSubjectKeys, type SubjectKeys } from '../../src/privacy/subject-keys.ts'
import { createKeyEncryption } from '../../src/privacy/wrap.ts'
import type { Seal, ToSeal } from '../../src/records/sealed.ts'

const NOON = Date.UTC(2026, 10, 25, 12)
const kek = new Uint8Array(32).fill(9)
const mail: ToSeal = { tenantNo: 1, event: 'evt_2k_9Zq', field: 'owner', value: 'erin@example.org', ownerNo: 4, at: NOON }

let folder: string
let keys: SubjectKeys
let seal: Seal

beforeEach(async () => {
  folder = mkdtempSync(join(tmpdir(), 'tokentrail-seal-'))
  keys = await open()
  seal = createSeal({ keys })
})

afterEach(async () => {
  await keys.close()
  rmSync(folder, { recursive: true })
})

function open(key = kek): Promise<SubjectKeys> {
  return openSubjectKeys({ kek: createKeyEncryption(() => [key]), file: join(folder, 'subject-keys.sqlite') })
}

async function opened(row: Awaited<ReturnType<Seal>>[number]['row']) {
  const key = (await keys.open([row.keyId])).get(row.keyId)
  return key ? openSealed(key, row) : null
}

describe('a sealed value', () => {
  test('opens with its key, and its salt opens its commitment', async () => {
    const [sealed] = await seal([mail])
    const { salt, value } = (await opened(sealed!.row))!
    expect(value).toBe(mail.value)
    const length = (text: string) => [0, text.length]
    const hash = createHash('sha256')
      .update('tokentrail/commit/v1')
      .update(Uint8Array.of(0, ...length(mail.event)))
    hash
      .update(mail.event)
      .update(Uint8Array.of(...length('owner')))
      .update('owner')
      .update(salt)
      .update(mail.value)
    expect(sealed!.commitment).toBe(hash.digest('base64url'))
    expect(sealed!.commitment).toHaveLength(43)
    expect(sealed!.row.expiresAt).toBe(NOON + 400 * 86_400_000)
  })

  test('says nothing by its commitment: the same value is another one each time', async () => {
    const sealed = await seal([mail, mail])
    expect(sealed[0]!.commitment).not.toBe(sealed[1]!.commitment)
    expect(sealed[0]!.row.keyId).toBe(sealed[1]!.row.keyId)
  })

  test('does not open in another place, nor with a byte changed', async () => {
    const [{ row }] = (await seal([mail])) as [Awaited<ReturnType<Seal>>[number]]
    for (const moved of [{ tenantNo: 2 }, { event: 'evt_2k_9Zr' }, { field: 'actor' }])
      await expect(opened({ ...row, ...moved })).rejects.toThrow(/authenticate/)
    for (const at of row.sealed.keys()) {
      const sealed = Uint8Array.from(row.sealed, (byte, index) => (index === at ? byte ^ 1 : byte))
      await expect(opened({ ...row, sealed })).rejects.toThrow(/authenticate/)
    }
  })

  test('has a key of its own by tenant, person and class', async () => {
    const [a, b, c, d] = await seal([mail, { ...mail, ownerNo: 5 }, { ...mail, tenantNo: 2 }, { ...mail, field: 'detail' }])
    expect(new Set([a, b, c, d].map((each) => each!.row.keyId)).size).toBe(4)
  })
})

describe('keys of subjects', () => {
  describe('in PostgreSQL', async () => {
    const database = await createDatabase(await askForPostgres(inject('postgres')))
    const openThere = () => openSubjectKeys({ kek: createKeyEncryption(() => [kek]), url: database.url })
    afterAll(() => database.drop())

    test('are the same on each server, and destroyed by one they are gone on the other', async () => {
      const [one, two] = await Promise.all([openThere(), openThere()])
      const subjects = [1, 2, 3].map((ownerNo) => ({ tenantNo: 1, ownerNo, class: 'identity' }) as const)
      const [here, there] = await Promise.all([one.ensure(subjects), two.ensure([...subjects].toReversed())])
      expect(here.map(({ id }) => id)).toEqual(there.map(({ id }) => id).toReversed())
      const [row] = await createSeal({ keys: one })([{ ...mail, ownerNo: 1 }])
      const key = (await two.open([row!.row.keyId])).get(row!.row.keyId)!
      expect(openSealed(key, row!.row).value).toBe(mail.value)
      expect(await two.of(1, 1)).toEqual([{ id: here[0]!.id, class: 'identity' }])
      expect(await two.destroy([here[0]!.id])).toEqual([here[0]!.id])
      one.forget()
      expect((await one.ensure(subjects.slice(0, 1)))[0]!.id).not.toBe(here[0]!.id)
      expect((await one.open([here[0]!.id])).size).toBe(0)
      await Promise.all([one.close(), two.close()])
    })
  })

  test('are made once, however many ask at once, and outlive a restart', async () => {
    const subject = { tenantNo: 1, ownerNo: 4, class: 'identity' } as const
    const asked = await Promise.all(Array.from({ length: 20 }, () => keys.ensure([subject])))
    expect(new Set(asked.flat().map(({ id }) => id)).size).toBe(1)
    await keys.close()
    keys = await open()
    expect((await keys.ensure([subject]))[0]!.id).toBe(asked[0]![0]!.id)
  })

  test('destroyed open nothing any more, and nothing of them stays in any file', async () => {
    const [gone, stays] = await seal([mail, { ...mail, ownerNo: 5 }])
    expect(await keys.destroy([gone!.row.keyId])).toEqual([gone!.row.keyId])
    expect(await opened(gone!.row)).toBeNull()
    expect((await opened(stays!.row))?.value).toBe(mail.value)
    for (const file of readdirSync(folder)) {
      const bytes = readFileSync(join(folder, file))
      expect(bytes.includes(gone!.row.keyId)).toBe(false)
    }
    expect(await keys.destroy([gone!.row.keyId])).toEqual([])
    expect((await seal([mail]))[0]!.row.keyId).not.toBe(gone!.row.keyId)
  })

  test('of another key-encryption key stop the start of reading, and say what to do', async () => {
    const [{ row }] = (await seal([mail])) as [Awaited<ReturnType<Seal>>[number]]
    await keys.close()
    keys = await open(new Uint8Array(32).fill(1))
    await expect(opened(row)).rejects.toMatchObject({ code: 'config_invalid', input: 'kek' })
  })

  test('are re-wrapped when the key-encryption key changes, and the predecessor opens none of them', async () => {
    const [{ row }] = (await seal([mail])) as [Awaited<ReturnType<Seal>>[number]]
    await keys.close()
    let keks: [Uint8Array, ...Uint8Array[]] = [new Uint8Array(32).fill(2), kek]
    keys = await openSubjectKeys({ kek: createKeyEncryption(() => keks), file: join(folder, 'subject-keys.sqlite') })
    expect(await keys.rewrap()).toBe(1)
    expect(await keys.rewrap()).toBe(0)
    keks = [keks[0]]
    expect((await opened(row))?.value).toBe(mail.value)
    await keys.close()
    keys = await open()
    await expect(opened(row)).rejects.toMatchObject({ code: 'config_invalid' })
  })
})
