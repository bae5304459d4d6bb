import type { Clock } from '../clock.ts'
import { toKey } from './actions/house.ts'
import { toOwner } from './actions/owners.ts'
import { toTenant } from './actions/tenants.ts'
import { toTrailError } from './failure.ts'
import { readsOfAnchors } from './anchor-reads.ts'
import { readsOfApprovals, readsOfGrants } from './access-reads.ts'
import { readsOfAudit } from './audit-reads.ts'
import { readsOfBatches } from './batch-reads.ts'
import { readsOfFacts } from './fact-reads.ts'
import { readsOfReconcile } from './reconcile-reads.ts'
import { readsOfEvidence } from './evidence-reads.ts'
import { readsOfFindings } from './finding-reads.ts'
import { readsOfHolds } from './hold-reads.ts'
import { readsOfResponses } from './response-reads.ts'
import { readsOfRules } from './rule-reads.ts'
import { readsOfSubjects } from './subject-reads.ts'
import { listTokens } from './list.ts'
import type { ImportProgress, OutboxEvent, RecordReads, SessionRecord, TokenRecord } from './records.ts'
import type { Database, ImportTable, SessionTable } from './schema.ts'
import { decodeEvent } from './outbox-event.ts'
import { selectTokens, toToken } from './token-row.ts'
import type { Selectable } from 'kysely'

/** Rows that one answer may hold. */
const ROWS_MAX = 10_000

/** Tokens of one foreign id or digest that are looked at. */
const SAME_MAX = 100

/** Numbers in one statement, far below the databases' bounds on parameters. */
const NUMBERS_MAX = 1_000

/** Every read, on either database. */
export function createReads(db: Database, clock: Clock): RecordReads {
  return {
    ...readsOfTokens(db, clock),
    ...readsOfTenants(db),
    ...readsOfHouse(db),
    ...readsOfApprovals(db, answer, clock),
    ...readsOfGrants(db, answer),
    ...readsOfFindings(db, answer),
    ...readsOfRules(db, answer),
    ...readsOfResponses(db, answer),
    ...readsOfAudit(db, answer),
    ...readsOfAnchors(db, answer),
    ...readsOfBatches(db, answer),
    ...readsOfFacts(db, answer),
    ...readsOfReconcile(db, answer),
    ...readsOfEvidence(db, answer),
    ...readsOfSubjects(db, answer),
    ...readsOfHolds(db, answer),
  }
}

/** Committed critical events, oldest first; only those numbered by `writers` where they are given. */
export async function readOutbox(db: Database, limit: number, writers?: readonly number[]): Promise<readonly OutboxEvent[]> {
  const query = db.selectFrom('outbox').select(['writer', 'seq', 'event']).orderBy('position').limit(bounded(limit))
  const rows = await answer(() => (writers ? query.where('writer', 'in', writers) : query).execute())
  return rows.map(({ writer, seq, event }) => ({ writer, seq, event: { ...decodeEvent(event), writer, seq } }))
}

type ReadsOfTokens = Pick<
  RecordReads,
  'token' | 'tokenByPublicId' | 'tokenByNo' | 'tokensByNo' | 'tokenByDigest' | 'tokens' | 'family' | 'lives'
>

function readsOfTokens(db: Database, clock: Clock): ReadsOfTokens {
  const tokens = () => selectTokens(db)
  const rowsOf = async (query: ReturnType<typeof tokens>) => (await answer(() => query.execute())).map(toToken)
  return {
    token: async (tenantNo, id) =>
      first(await rowsOf(tokens().where('token.tenant_no', '=', tenantNo).where('token.id', '=', id))),
    tokenByPublicId: async (id, tenantNo) =>
      preferred(await rowsOf(tokens().where('token.id', '=', id).orderBy('token.no').limit(SAME_MAX)), tenantNo),
    tokenByNo: async (no) => first(await rowsOf(tokens().where('token.no', '=', no))),
    tokensByNo: (nos) => inChunks(nos, (some) => rowsOf(tokens().where('token.no', 'in', some))),
    tokenByDigest: async (scheme, digest, tenantNo) =>
      preferred(
        await rowsOf(
          tokens().where('token.digest', '=', digest).where('token.scheme', '=', scheme).orderBy('token.no').limit(SAME_MAX),
        ),
        tenantNo,
      ),
    tokens: (filter, page) => answer(() => listTokens(db, filter, { ...page, limit: bounded(page.limit) }, clock.now())),
    family: (familyNo) => rowsOf(tokens().where('token.family_no', '=', familyNo).orderBy('token.generation').limit(ROWS_MAX)),
    lives: (tenantNo, { after, limit }) =>
      rowsOf(
        tokens().where('token.tenant_no', '=', tenantNo).where('token.no', '>', after).orderBy('token.no').limit(bounded(limit)),
      ),
  }
}

function readsOfTenants(db: Database): Pick<RecordReads, 'tenant' | 'tenantById' | 'tenants' | 'owner' | 'ownersByNo'> {
  const tenants = () => db.selectFrom('tenant').selectAll()
  const owners = () => db.selectFrom('owner').selectAll()
  const tenantsOf = async (query: ReturnType<typeof tenants>) => (await answer(() => query.execute())).map(toTenant)
  const ownersOf = async (query: ReturnType<typeof owners>) => (await answer(() => query.execute())).map(toOwner)
  return {
    tenant: async (no) => first(await tenantsOf(tenants().where('no', '=', no))),
    tenantById: async (id) => first(await tenantsOf(tenants().where('id', '=', id))),
    tenants: () => tenantsOf(tenants().orderBy('no').limit(ROWS_MAX)),
    owner: async (tenantNo, id) => first(await ownersOf(owners().where('tenant_no', '=', tenantNo).where('id', '=', id))),
    ownersByNo: (nos) => inChunks(nos, (some) => ownersOf(owners().where('no', 'in', some))),
  }
}

function readsOfHouse(db: Database): Pick<RecordReads, 'session' | 'keys' | 'setting' | 'import' | 'imports' | 'writerPurpose'> {
  const importsOf = (tenantNo: number) => db.selectFrom('import_progress').selectAll().where('tenant_no', '=', tenantNo)
  return {
    session: async (idDigest) => {
      const rows = await answer(() => db.selectFrom('session').selectAll().where('id_digest', '=', idDigest).execute())
      return first(rows.map(toSession))
    },
    keys: async () => (await answer(() => db.selectFrom('pseudonym_key').selectAll().orderBy('epoch').execute())).map(toKey),
    setting: async (tenantNo, name) => {
      const query = db.selectFrom('setting').select('value').where('tenant_no', '=', tenantNo).where('name', '=', name)
      return first((await answer(() => query.execute())).map(({ value }) => value))
    },
    writerPurpose: async (no) => {
      const query = db.selectFrom('writer').select('purpose').where('no', '=', no)
      return first((await answer(() => query.execute())).map(({ purpose }) => purpose))
    },
    import: async (tenantNo, source) =>
      first((await answer(() => importsOf(tenantNo).where('source', '=', source).execute())).map(toImport)),
    imports: async (tenantNo) =>
      (await answer(() => importsOf(tenantNo).orderBy('source').limit(ROWS_MAX).execute())).map(toImport),
  }
}

/** What the database cannot answer is `records_unavailable`. */
async function answer<Value>(read: () => Promise<Value>): Promise<Value> {
  try {
    return await read()
  } catch (error) {
    throw toTrailError(error)
  }
}

function first<Value>(values: readonly Value[]): Value | null {
  return values[0] ?? null
}

/** The tenant's own token where it has one, else the oldest. */
function preferred(tokens: readonly TokenRecord[], tenantNo: number | undefined): TokenRecord | null {
  return tokens.find((token) => token.tenantNo === tenantNo) ?? first(tokens)
}

async function inChunks<Value>(
  nos: readonly number[],
  read: (some: readonly number[]) => Promise<readonly Value[]>,
): Promise<readonly Value[]> {
  const values: Value[] = []
  for (let from = 0; from < nos.length; from += NUMBERS_MAX) values.push(...(await read(nos.slice(from, from + NUMBERS_MAX))))
  return values
}

function bounded(limit: number): number {
  return Math.max(1, Math.min(limit, ROWS_MAX))
}

function toSession(row: Selectable<SessionTable>): SessionRecord {
  const {
    token_no: tokenNo,
    tenant_no: tenantNo,
    csrf,
    created_at: createdAt,
    expires_at: expiresAt,
    id,
    proven_at: provenAt,
  } = row
  return { tokenNo, tenantNo, csrf, createdAt, expiresAt, id, provenAt }
}

function toImport(row: Selectable<ImportTable>): ImportProgress {
  return {
    tenantNo: row.tenant_no,
    source: row.source,
    file: row.file,
    recordsDone: row.records_done,
    recordsTotal: row.records_total,
    finishedAt: row.finished_at,
  }
}
