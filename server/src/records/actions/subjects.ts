import { randomBytes } from 'node:crypto'
import type { Milliseconds } from 'tokentrail'
import { TrailError } from '../../errors.ts'
import type { Actor, EventNumber, Owner } from '../records.ts'
import { toErasure, toRestriction } from '../subject-row.ts'
import type { Erasure, Kept } from '../subjects.ts'
import { holdOver } from '../hold-row.ts'
import { note, typeId, type Action, type Transaction } from '../transaction.ts'
import { takeApproval } from './approvals.ts'
import { revokeToken } from './change.ts'
import { dropPacksOf } from './evidence.ts'
import { toOwner } from './owners.ts'
import { replaceInTexts, SURROGATE } from './subject-texts.ts'
import { describeActor, retentionOf } from './token-change.ts'

export const beginErasure: Action<'beginErasure'> = async (tx, p) => {
  const owner = await findSubject(tx, p.tenantNo, p.ownerId)
  const { tenantNo, approval: id, params, at, actor, ground } = p
  await refuseHeld(tx, tenantNo, owner.no)
  await takeApproval(tx, { tenantNo, id, action: 'subject.erase', params, at, actor, ground })
  const tokens = await tokensOf(tx, owner.no)
  await endTokens(tx, tokens, p)
  const surrogate = `${SURROGATE}${randomBytes(9).toString('hex')}`
  const terms = [owner.id, ...(owner.name ? [owner.name] : [])]
  await blankOwner(tx, owner, surrogate)
  await replaceInTexts(tx, p.tenantNo, terms, surrogate)
  const sealed = await dropSealedOf(tx, p.keyIds)
  const row = await tx.db
    .insertInto('erasure')
    .values({
      id: `ers_${randomBytes(12).toString('hex')}`,
      tenant_no: p.tenantNo,
      owner_no: owner.no,
      state: 'begun',
      classes: JSON.stringify(p.classes),
      kept: JSON.stringify(p.kept),
      sealed,
      tokens: JSON.stringify(tokens.map(({ no }) => no)),
      key_ids: JSON.stringify(p.keyIds),
      key_digest: p.keyDigest,
      terms: JSON.stringify(terms),
      surrogate,
      actor_no: p.actor.no,
      actor_kind: p.actor.kind,
      begun_at: p.at,
      done_at: null,
      dead_from: p.deadFrom,
    })
    .returningAll()
    .executeTakeFirstOrThrow()
  tx.changes.push('all')
  return toErasure(row)
}

export const finishErasure: Action<'finishErasure'> = async (tx, { id, at }) => {
  const before = await readErasure(tx, id)
  if (before.state === 'done') return before
  const row = await tx.db
    .updateTable('erasure')
    .set({ state: 'done', done_at: at, tokens: '[]', key_ids: '[]', terms: '[]' })
    .where('id', '=', id)
    .returningAll()
    .executeTakeFirstOrThrow()
  await noteErased(tx, before, { at, classes: before.classes, keys: before.keyIds.length, digest: before.keyDigest })
  return toErasure(row)
}

export const releaseKept: Action<'releaseKept'> = async (tx, { id, classes, keyDigest, at }) => {
  const before = await readErasure(tx, id)
  const going = before.kept.filter((kept) => classes.includes(kept.class))
  const keyIds = going.flatMap((kept) => kept.keyIds)
  const sealed = await dropSealedOf(tx, keyIds)
  const kept = before.kept.filter((each) => !going.includes(each))
  const row = await tx.db
    .updateTable('erasure')
    .set((erasure) => ({ kept: JSON.stringify(kept), sealed: erasure('sealed', '+', sealed) }))
    .where('id', '=', id)
    .returningAll()
    .executeTakeFirstOrThrow()
  // packs that were made since may hold what was kept until now
  await dropPacksOf(tx, before.tenantNo)
  await noteErased(tx, { ...before, sealed, kept }, { at, classes, keys: keyIds.length, digest: keyDigest })
  return toErasure(row)
}

export const refuseErasure: Action<'refuseErasure'> = (tx, { tenantNo, ownerNo, because, at, actor }) =>
  noteAbout(tx, 'approval.refused', { tenantNo, ownerNo, at, actor }, { action: 'subject.erase', because })

export const restrictSubject: Action<'restrictSubject'> = async (tx, { tenantNo, ownerId, restricted, ground, at, actor }) => {
  const owner = await findSubject(tx, tenantNo, ownerId)
  const place = { tenant_no: tenantNo, owner_no: owner.no }
  await tx.db.deleteFrom('restriction').where('tenant_no', '=', tenantNo).where('owner_no', '=', owner.no).execute()
  const row = restricted
    ? await tx.db
        .insertInto('restriction')
        .values({ ...place, ground, set_at: at, set_by: actor.no })
        .returningAll()
        .executeTakeFirstOrThrow()
    : undefined
  await noteAbout(tx, 'subject.restricted', { tenantNo, ownerNo: owner.no, at, actor }, { restricted, ground })
  tx.changes.push('all')
  return row ? toRestriction(row) : null
}

export const noteAccess: Action<'noteAccess'> = (tx, { tenantNo, ownerNo, counts, at, actor }) => {
  const rows = Object.values(counts).reduce((sum, count) => sum + count, 0)
  return noteAbout(tx, 'subject.accessed', { tenantNo, ownerNo, at, actor }, { rows, form: 'ndjson', counts })
}

/** In the transaction of the erasure, for a hold may have been set since it was asked for. */
async function refuseHeld(tx: Transaction, tenantNo: number, ownerNo: number): Promise<void> {
  const hold = await holdOver(tx.db, tenantNo, ownerNo)
  if (hold === null) return
  throw new TrailError('subject_held', `The hold ${hold} keeps what is about this owner. Two people can release it.`, {
    input: 'owner',
  })
}

async function findSubject(tx: Transaction, tenantNo: number, id: string): Promise<Owner> {
  const row = await tx.db
    .selectFrom('owner')
    .selectAll()
    .where('tenant_no', '=', tenantNo)
    .where('id', '=', id)
    .executeTakeFirst()
  if (row) return toOwner(row)
  throw new TrailError('not_found', 'There is no owner of this id here; one that was erased has none any more.', {
    input: 'owner',
  })
}

interface TokenOfSubject {
  readonly no: number
  readonly id: string
  readonly ended_at: number | null
}

function tokensOf(tx: Transaction, ownerNo: number): Promise<readonly TokenOfSubject[]> {
  return tx.db.selectFrom('token').select(['no', 'id', 'ended_at']).where('owner_no', '=', ownerNo).orderBy('no').execute()
}

type Ending = Pick<Parameters<typeof beginErasure>[1], 'tenantNo' | 'endTokens' | 'at' | 'actor'>

/** A credential that acts for nobody known can be asked about by nobody: what still works ends. */
async function endTokens(tx: Transaction, tokens: readonly TokenOfSubject[], { tenantNo, endTokens: may, at, actor }: Ending) {
  const living = tokens.filter((token) => token.ended_at === null)
  if (living.length > 0 && !may) {
    throw new TrailError(
      'subject_active',
      `${living.length} tokens of this owner work. Erasing ends them: say endTokens, or end them first.`,
      { input: 'endTokens' },
    )
  }
  for (const { id } of living) await revokeToken(tx, { tenantNo, id, reason: 'owner_left', at, actor })
}

/** What stays of the tokens is what makes a later use of them a replay: number, public id, digest, times, ending. */
async function blankOwner(tx: Transaction, owner: Owner, surrogate: string): Promise<void> {
  await tx.db.updateTable('owner').set({ id: surrogate, name: null }).where('no', '=', owner.no).execute()
  const numbers = tx.db.selectFrom('token').select('no').where('owner_no', '=', owner.no)
  await tx.db.deleteFrom('session').where('token_no', 'in', numbers).execute()
  await tx.db.deleteFrom('second_factor').where('owner_no', '=', owner.no).execute()
  await tx.db.updateTable('leak').set({ url: null, note: null }).where('token_no', 'in', numbers).execute()
  await tx.db.deleteFrom('restriction').where('tenant_no', '=', owner.tenantNo).where('owner_no', '=', owner.no).execute()
  await tx.db
    .updateTable('token')
    .set((row) => ({ ...BLANK_TOKEN, version: row('version', '+', 1) }))
    .where('owner_no', '=', owner.no)
    .execute()
}

const BLANK_TOKEN = {
  name: null,
  metadata: '{}',
  cidrs: '[]',
  origins: '[]',
  resource: null,
  ended_network: '0',
  ended_client_hash: 0,
} as const

/** Ids in one statement, far below the databases' bounds on parameters. */
const IDS_PER_STATEMENT = 1_000

async function dropSealedOf(tx: Transaction, keyIds: readonly string[]): Promise<number> {
  let count = 0
  for (let from = 0; from < keyIds.length; from += IDS_PER_STATEMENT) {
    const some = keyIds.slice(from, from + IDS_PER_STATEMENT)
    const { numDeletedRows } = await tx.db.deleteFrom('sealed_value').where('key_id', 'in', some).executeTakeFirstOrThrow()
    count += Number(numDeletedRows)
  }
  return count
}

async function readErasure(tx: Transaction, id: string): Promise<Erasure> {
  const row = await tx.db.selectFrom('erasure').selectAll().where('id', '=', id).executeTakeFirst()
  if (!row) throw new TrailError('not_found', 'There is no erasure of this id.', { input: 'id' })
  return toErasure(row)
}

type Gone = { readonly at: Milliseconds; readonly classes: readonly string[]; readonly keys: number; readonly digest: string }

/** Without identity: not even the number of whom it was about. */
function noteErased(tx: Transaction, erasure: Erasure, { at, classes, keys, digest }: Gone): Promise<EventNumber> {
  const { tenantNo, actor, sealed, kept, deadFrom } = erasure
  const detail = { count: sealed, classes, policy: kept.map(policyOf), digest, keys, deadInBackupsFrom: deadFrom }
  return noteAbout(tx, 'subject.erased', { tenantNo, ownerNo: 0, at, actor }, detail)
}

function policyOf({ class: of, until, ground }: Kept): object {
  return { class: of, keepUntil: until, ground }
}

interface About {
  readonly tenantNo: number
  readonly ownerNo: number
  readonly at: Milliseconds
  readonly actor: Actor
}

type NotedType = 'approval.refused' | 'subject.restricted' | 'subject.accessed' | 'subject.erased' | 'pseudonym.revealed'

/** Notes what was done with data about somebody. */
export async function noteAbout(tx: Transaction, type: NotedType, { tenantNo, ownerNo, at, actor }: About, detail: object) {
  const about = { tenant: tenantNo, retention: await retentionOf(tx, tenantNo), occurredAt: at, ownerNo, ...describeActor(actor) }
  return note(tx, { type: typeId(type), ...about, detail: JSON.stringify(detail) })
}
