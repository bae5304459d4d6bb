import { eventId } from 'tokentrail'
import { TrailError } from '../../errors.ts'
import { toPack, toReview } from '../evidence-row.ts'
import type { PackRecord } from '../evidence.ts'
import { note, typeId, type Action, type Transaction } from '../transaction.ts'
import { takeApproval } from './approvals.ts'
import { isSeparationWaived } from './separation.ts'
import { SURROGATE } from './subject-texts.ts'
import { describeActor, retentionOf } from './token-change.ts'

export const requestPack: Action<'requestPack'> = async (tx, { tenantNo, pack, approval, at, actor }) => {
  const action = 'export.identified'
  const taken = approval === null ? null : await takeApproval(tx, { ...approval, action, tenantNo, at, actor })
  const row = await tx.db
    .insertInto('pack')
    .values({
      id: pack.id,
      tenant_no: tenantNo,
      name: pack.name,
      params: pack.params,
      level: pack.level,
      recipient: pack.recipient,
      from_at: pack.from,
      to_at: pack.to,
      expires_at: pack.expiresAt,
      requester_no: actor.no,
      requested_at: at,
      approval: taken?.id ?? null,
      state: 'making',
    })
    .returningAll()
    .executeTakeFirstOrThrow()
  return toPack(row)
}

export const notePack: Action<'notePack'> = async (tx, { tenantNo, id, digest, rows, at }) => {
  const pack = await packOf(tx, tenantNo, id)
  if (pack.state === 'lapsed') throw dropped()
  const detail = {
    report: pack.name,
    format: 'pack',
    rows,
    digest,
    redaction: pack.level,
    expiresAt: pack.expiresAt,
    pack: id,
    recipient: pack.recipient,
    ...(pack.approval === null ? {} : { approval: pack.approval }),
  }
  const event = await note(tx, {
    type: typeId('report.exported'),
    tenant: tenantNo,
    retention: await retentionOf(tx, tenantNo),
    occurredAt: at,
    ...describeActor({ no: pack.requesterNo, kind: 'person' }),
    detail: JSON.stringify(detail),
  })
  return change(tx, pack, { digest, rows, event: eventId(event.writer, event.seq) })
}

export const finishPack: Action<'finishPack'> = async (tx, { tenantNo, id, bytes, at }) => {
  const row = await tx.db
    .updateTable('pack')
    .set({ state: 'ready', bytes, finished_at: at })
    .where('tenant_no', '=', tenantNo)
    .where('id', '=', id)
    .where('state', '!=', 'lapsed')
    .returningAll()
    .executeTakeFirst()
  if (row) return toPack(row)
  await packOf(tx, tenantNo, id)
  throw dropped()
}

export const failPack: Action<'failPack'> = async (tx, { tenantNo, id, failure, at }) =>
  change(tx, await packOf(tx, tenantNo, id), { state: 'failed', failure, finished_at: at })

export const lapsePacks: Action<'lapsePacks'> = async (tx, { at, makingBefore }) => {
  const given = await tx.db
    .updateTable('pack')
    .set({ state: 'failed', failure: 'The server ended while it was made: ask for it again.', finished_at: at })
    .where('state', '=', 'making')
    .where('requested_at', '<', makingBefore)
    .returningAll()
    .execute()
  const over = await tx.db
    .updateTable('pack')
    .set({ state: 'lapsed' })
    .where('state', '=', 'ready')
    .where('expires_at', '<=', at)
    .returningAll()
    .execute()
  return [...given, ...over].map(toPack)
}

export const dropPacks: Action<'dropPacks'> = (tx, { tenantNo }) => dropPacksOf(tx, tenantNo)

/**
 * Those of a tenant whose files hold what an erasure takes: rows, or the name of their recipient, in whose place a surrogate stands.
 * One that is being made may have read it already. Every server is told, for each has files of its own.
 */
export async function dropPacksOf(tx: Transaction, tenantNo: number): Promise<readonly PackRecord[]> {
  const rows = await tx.db
    .updateTable('pack')
    .set({ state: 'lapsed' })
    .where('tenant_no', '=', tenantNo)
    .where('state', 'in', ['making', 'ready'])
    .where((row) => row.or([row('level', '!=', 'aggregate'), row('recipient', 'like', `%${SURROGATE}%`)]))
    .returningAll()
    .execute()
  if (rows.length > 0) tx.changes.push('all')
  return rows.map(toPack)
}

function dropped(): TrailError {
  return new TrailError('pack_dropped', 'A person was erased while this pack was made, so it was discarded: ask for it again.')
}

export const signReview: Action<'signReview'> = async (tx, p) => {
  const { tenantNo, actor, at } = p
  const pack = await packOf(tx, tenantNo, p.packId)
  if (pack.digest === null || pack.bytes === null || (pack.state !== 'ready' && pack.state !== 'lapsed'))
    throw new TrailError('not_found', 'The pack is not ready, so there is nothing to sign yet.', { input: 'pack' })
  const own = pack.requesterNo === actor.no
  if (own && !(await isSeparationWaived(tx)))
    throw new TrailError('review_own', 'Who made the pack cannot sign it. A second person signs it.', { input: 'pack' })
  await refuseTwice(tx, p.packId, actor.no)
  const detail = {
    review: p.kind,
    report: pack.name,
    pack: pack.id,
    digest: pack.digest,
    open: p.open,
    from: pack.from,
    to: pack.to,
  }
  const event = await note(tx, {
    type: typeId('review.signed'),
    tenant: tenantNo,
    retention: await retentionOf(tx, tenantNo),
    occurredAt: at,
    ...describeActor(actor),
    detail: JSON.stringify({ ...detail, ...(own ? { waived: true } : {}), ...(p.note === null ? {} : { note: p.note }) }),
  })
  const row = await tx.db
    .insertInto('review')
    .values({
      id: p.id,
      tenant_no: tenantNo,
      kind: p.kind,
      pack_id: pack.id,
      digest: pack.digest,
      from_at: pack.from,
      to_at: pack.to,
      maker_no: pack.requesterNo,
      signer_no: actor.no,
      signed_at: at,
      waived: own ? 1 : 0,
      open: p.open,
      note: p.note,
      event: eventId(event.writer, event.seq),
    })
    .returningAll()
    .executeTakeFirstOrThrow()
  return toReview(row)
}

async function refuseTwice(tx: Transaction, packId: string, signerNo: number): Promise<void> {
  const query = tx.db.selectFrom('review').select('id').where('pack_id', '=', packId).where('signer_no', '=', signerNo)
  if (await query.executeTakeFirst())
    throw new TrailError('review_exists', 'You have signed this pack already.', { input: 'pack' })
}

async function packOf(tx: Transaction, tenantNo: number, id: string): Promise<PackRecord> {
  const row = await tx.db.selectFrom('pack').selectAll().where('tenant_no', '=', tenantNo).where('id', '=', id).executeTakeFirst()
  if (!row) throw new TrailError('not_found', 'There is no such pack here. GET /v1/evidence/packs lists them.', { input: 'pack' })
  return toPack(row)
}

async function change(
  tx: Transaction,
  { id }: PackRecord,
  values: {
    readonly state?: string
    readonly failure?: string
    readonly digest?: string
    readonly rows?: number
    readonly bytes?: number
    readonly event?: string
    readonly finished_at?: number
  },
): Promise<PackRecord> {
  return toPack(await tx.db.updateTable('pack').set(values).where('id', '=', id).returningAll().executeTakeFirstOrThrow())
}
