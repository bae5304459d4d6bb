import { parseEventId } from 'tokentrail'
import type { Clock } from '../clock.ts'
import { TrailError } from '../errors.ts'
import type { Privacy, Pseudonym } from '../privacy/privacy.ts'
import { openSealed } from '../privacy/seal.ts'
import type { SubjectKeys } from '../privacy/subject-keys.ts'
import type { Actor, Records } from '../records/records.ts'
import type { SealedRow } from '../records/sealed.ts'
import type { Store } from '../store/store.ts'

/** What opens a commitment of an entry. */
export interface Disclosure {
  readonly event: string
  readonly field: string
  /** 32 bytes, base64url. */
  readonly salt: string
  readonly value: string
}

interface Asked {
  readonly tenantNo: number
  readonly approval: string | null
  /** Canonical JSON of what was asked for, as the approval names it. */
  readonly params: string
  readonly ground: string
  readonly actor: Actor
}

/** Leads from a number back to a person, or from a person to numbers. Each use is recorded before its answer is made. */
export interface Reveals {
  /** The sealed value of an entry's field. `not_found` where it was erased, or there never was one. */
  reveal(p: Asked & { readonly event: string; readonly field: string }): Promise<Disclosure>
  /** Pseudonyms of an address that somebody knows already. */
  pseudonymsOf(p: Asked & { readonly address: string }): Promise<readonly Pseudonym[]>
  /** The address of an event, where the tenant keeps it encrypted for some days. `not_found` when its key is gone. */
  addressOf(p: Asked & { readonly event: string }): Promise<string>
  /** The number under which an owner stands in events. */
  numberOf(p: Asked & { readonly owner: string }): Promise<number | null>
  /** Openings for an evidence pack, of the fields that its reader may see; what was erased is missing. The pack records itself. */
  disclose(tenantNo: number, events: readonly string[], fields: readonly string[]): Promise<readonly Disclosure[]>
}

/** So many people are looked up by one principal on a day; beyond it a second person agrees. */
export const LOOKUPS_PER_DAY = 20
const EVENTS_AT_ONCE = 500

export function createReveals(o: {
  readonly records: Records
  readonly subjectKeys: SubjectKeys
  readonly privacy: Pick<Privacy, 'pseudonyms' | 'openAddress'>
  readonly store: Pick<Store, 'query'>
  readonly clock: Clock
}): Reveals {
  const { records, subjectKeys, privacy, clock } = o

  function note(asked: Asked, action: 'pseudonym' | 'value', detail: Record<string, unknown>) {
    const { tenantNo, approval, params, ground, actor } = asked
    const what = { action, max: LOOKUPS_PER_DAY, approval, params, ground, detail, ownerNo: 0 }
    return records.act('noteReveal', { ...what, tenantNo, at: clock.now(), actor })
  }

  async function opened(rows: readonly SealedRow[]): Promise<readonly Disclosure[]> {
    const keys = await subjectKeys.open(rows.map(({ keyId }) => keyId))
    return rows.flatMap((row) => {
      const key = keys.get(row.keyId)
      if (!key) return []
      const { value, salt } = openSealed(key, row)
      return [{ event: row.event, field: row.field, salt: Buffer.from(salt).toString('base64url'), value }]
    })
  }

  return {
    async reveal({ event, field, ...asked }) {
      const rows = (await records.read.sealedOf(asked.tenantNo, [event])).filter((row) => row.field === field)
      const [disclosure] = await opened(rows)
      if (!disclosure) throw new TrailError('not_found', 'There is no value to open here: it was erased, or there never was one.')
      await note(asked, 'value', { event, of: field })
      return disclosure
    },
    async pseudonymsOf({ address, ...asked }) {
      const found = privacy.pseudonyms(asked.tenantNo, address)
      await note(asked, 'pseudonym', { of: 'address', found: found.length })
      return found
    },
    async addressOf({ event, ...asked }) {
      const address = await readAddress(o, asked.tenantNo, event)
      if (address === null)
        throw new TrailError('not_found', 'There is no address to open here: none was kept, or its key is destroyed.')
      await note(asked, 'value', { event, of: 'address' })
      return address
    },
    async numberOf({ owner, ...asked }) {
      const found = await records.read.owner(asked.tenantNo, owner)
      await note(asked, 'pseudonym', { of: 'owner', found: found ? 1 : 0 })
      return found?.no ?? null
    },
    async disclose(tenantNo, events, fields) {
      const disclosures: Disclosure[] = []
      for (let from = 0; from < events.length; from += EVENTS_AT_ONCE) {
        const rows = await records.read.sealedOf(tenantNo, events.slice(from, from + EVENTS_AT_ONCE))
        disclosures.push(...(await opened(rows.filter(({ field }) => fields.includes(field)))))
      }
      return disclosures
    },
  }
}

async function readAddress(
  { store, privacy }: { readonly store: Pick<Store, 'query'>; readonly privacy: Pick<Privacy, 'openAddress'> },
  tenantNo: number,
  event: string,
): Promise<string | null> {
  const id = parseEventId(event)
  if (!id) return null
  const { rows } = await store.query<{ at: number | string; sealed: string }>({
    sql: `SELECT toUnixTimestamp64Milli(occurred_at) AS at, address_sealed AS sealed FROM events
      WHERE tenant = {tenant:UInt32} AND writer = {writer:UInt32} AND seq = {seq:UInt64} LIMIT 1`,
    params: { tenant: tenantNo, ...id },
    limits: { timeoutMs: 60_000, rowsReadMax: 100_000_000_000 },
  })
  return rows[0] ? privacy.openAddress(tenantNo, Number(rows[0].at), rows[0].sealed) : null
}
