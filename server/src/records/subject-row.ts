import type { Selectable } from 'kysely'
import type { Actor } from './records.ts'
import type { SealedRow } from './sealed.ts'
import type { ErasureTable, RestrictionTable, SealedValueTable } from './subject-tables.ts'
import type { Erasure, Kept, Restriction } from './subjects.ts'

/** The sealed value of a row. */
export function toSealedRow(row: Selectable<SealedValueTable>): SealedRow {
  const { tenant_no: tenantNo, event, field, key_id: keyId, expires_at: expiresAt } = row
  return { tenantNo, event, field, keyId, nonce: new Uint8Array(row.nonce), sealed: new Uint8Array(row.sealed), expiresAt }
}

/** The erasure of a row. */
export function toErasure(row: Selectable<ErasureTable>): Erasure {
  return {
    id: row.id,
    tenantNo: row.tenant_no,
    ownerNo: row.owner_no,
    state: row.state === 'done' ? 'done' : 'begun',
    classes: JSON.parse(row.classes) as string[],
    kept: JSON.parse(row.kept) as Kept[],
    sealed: row.sealed,
    tokens: JSON.parse(row.tokens) as number[],
    keyIds: JSON.parse(row.key_ids) as string[],
    keyDigest: row.key_digest,
    terms: JSON.parse(row.terms) as string[],
    surrogate: row.surrogate,
    actor: { no: row.actor_no, kind: row.actor_kind as Actor['kind'] },
    begunAt: row.begun_at,
    doneAt: row.done_at,
    deadFrom: row.dead_from,
  }
}

/** The restriction of a row. */
export function toRestriction(row: Selectable<RestrictionTable>): Restriction {
  return { tenantNo: row.tenant_no, ownerNo: row.owner_no, ground: row.ground, setAt: row.set_at, setBy: row.set_by }
}
