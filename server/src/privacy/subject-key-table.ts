import { Kysely, PostgresDialect, sql, type Selectable } from 'kysely'
import { Pool } from 'pg'
import { TrailError } from '../errors.ts'
import { openForWriting } from '../records/sqlite-connection.ts'
import type { SubjectClass } from './subject-classes.ts'

/** Whose key it is: an owner of a tenant (0 = the tenant itself) and a class of data. */
export interface Subject {
  readonly tenantNo: number
  readonly ownerNo: number
  readonly class: SubjectClass
}

/** A subject's key as it stands on disk: wrapped by the key-encryption key. */
export interface StoredSubjectKey extends Subject {
  readonly id: string
  readonly wrapped: Uint8Array
}

/** Where subject keys stand, apart from records. What it has answered is on disk. */
export interface SubjectKeyTable {
  /** The first writer of a subject wins; the keys that hold are given, in the order asked for. */
  put(keys: readonly StoredSubjectKey[]): Promise<readonly StoredSubjectKey[]>
  of(tenantNo: number, ownerNo: number): Promise<readonly StoredSubjectKey[]>
  byId(ids: readonly string[]): Promise<readonly StoredSubjectKey[]>
  /** Living keys in the order of their ids, for re-wrapping. */
  after(id: string, limit: number): Promise<readonly StoredSubjectKey[]>
  rewrap(keys: readonly Pick<StoredSubjectKey, 'id' | 'wrapped'>[]): Promise<void>
  /** Deletes keys so that nothing of them stays in the file; gives the ids that were there. */
  destroy(ids: readonly string[]): Promise<readonly string[]>
  close(): Promise<void>
}

type Schema = {
  subject_key: { id: string; tenant_no: number; owner_no: number; class: string; wrapped: Uint8Array }
}

const DDL = {
  sqlite: [
    `CREATE TABLE IF NOT EXISTS subject_key (
      id TEXT NOT NULL PRIMARY KEY, tenant_no INTEGER NOT NULL, owner_no INTEGER NOT NULL, class TEXT NOT NULL, wrapped BLOB NOT NULL,
      UNIQUE (tenant_no, owner_no, class)
    ) STRICT`,
  ],
  // `IF NOT EXISTS` does not hold against a second server that starts in the same moment: one prepares at a time.
  postgres: [
    "SELECT pg_advisory_xact_lock(hashtext('tokentrail_keys'))",
    'CREATE SCHEMA IF NOT EXISTS tokentrail_keys',
    `CREATE TABLE IF NOT EXISTS tokentrail_keys.subject_key (
      id TEXT NOT NULL PRIMARY KEY, tenant_no INTEGER NOT NULL, owner_no INTEGER NOT NULL, class TEXT NOT NULL, wrapped BYTEA NOT NULL,
      UNIQUE (tenant_no, owner_no, class)
    )`,
  ],
} as const

/** Ids or rows in one statement. */
const ROWS_PER_STATEMENT = 500
const CONNECTIONS_MAX = 2
const STATEMENT_MS = 10_000

/** Opens the table: in PostgreSQL where a URL is given, else in an SQLite file of its own. */
export async function openSubjectKeyTable(o: { file: string } | { url: string }): Promise<SubjectKeyTable> {
  return 'url' in o ? openPostgres(o.url) : openFile(o.file)
}

/** Deleted bytes are overwritten (`secure_delete`), and the WAL is emptied after each destruction, for it holds old pages. */
function openFile(file: string): SubjectKeyTable {
  const connection = openForWriting(file)
  for (const statement of DDL.sqlite) connection.raw.exec(statement)
  const forget = async () => {
    const { busy } = connection.raw.prepare('PRAGMA wal_checkpoint(TRUNCATE)').get() ?? {}
    if (busy !== 0) throw new TrailError('records_unavailable', 'The file of subject keys is read by another program: stop it.')
  }
  const db = connection.db as unknown as Kysely<Schema>
  const close = async () => {
    await forget()
    connection.close()
  }
  return { ...operations(db, forget), close }
}

async function openPostgres(url: string): Promise<SubjectKeyTable> {
  const options = '-c search_path=tokentrail_keys -c synchronous_commit=on'
  const pool = new Pool({ connectionString: url, max: CONNECTIONS_MAX, options, statement_timeout: STATEMENT_MS })
  pool.on('error', () => undefined)
  const db = new Kysely<Schema>({ dialect: new PostgresDialect({ pool }) })
  try {
    await db.transaction().execute(async (transaction) => {
      for (const statement of DDL.postgres) await sql.raw(statement).execute(transaction)
    })
  } catch (cause) {
    await db.destroy()
    throw new TrailError('config_invalid', 'The database of subject keys cannot be reached or prepared.', {
      input: 'subjectKeys',
      cause,
    })
  }
  const forget = async () => void (await sql`VACUUM tokentrail_keys.subject_key`.execute(db))
  return { ...operations(db, forget), close: () => db.destroy() }
}

function operations(db: Kysely<Schema>, forget: () => Promise<void>): Omit<SubjectKeyTable, 'close'> {
  const keys = () => db.selectFrom('subject_key').selectAll()
  const rowsOf = async (query: ReturnType<typeof keys>) => (await query.execute()).map(toKey)
  const byId = (ids: readonly string[]) => inChunks(ids, (some) => rowsOf(keys().where('id', 'in', some)))
  /** At least the keys of these subjects: five hundred alternatives in one condition take half a second to plan. */
  const around = (subjects: readonly Subject[]) =>
    inChunks(subjects, (some) => {
      const [tenants, owners] = [some.map(({ tenantNo }) => tenantNo), some.map(({ ownerNo }) => ownerNo)]
      return rowsOf(
        keys()
          .where('tenant_no', 'in', [...new Set(tenants)])
          .where('owner_no', 'in', [...new Set(owners)]),
      )
    })
  return {
    async put(wanted) {
      await inChunks(wanted, (some) =>
        db
          .insertInto('subject_key')
          .values(some.map(toRow))
          .onConflict((conflict) => conflict.columns(['tenant_no', 'owner_no', 'class']).doNothing())
          .returning('id')
          .execute(),
      )
      const found = new Map((await around(wanted)).map((key) => [nameOfSubject(key), key]))
      return wanted.map((key) => found.get(nameOfSubject(key)) ?? missing())
    },
    of: (tenantNo, ownerNo) => rowsOf(keys().where('tenant_no', '=', tenantNo).where('owner_no', '=', ownerNo).orderBy('id')),
    byId,
    after: (id, limit) => rowsOf(keys().where('id', '>', id).orderBy('id').limit(limit)),
    async rewrap(changed) {
      await db.transaction().execute(async (trx) => {
        for (const { id, wrapped } of changed)
          await trx.updateTable('subject_key').set({ wrapped }).where('id', '=', id).execute()
      })
      await forget()
    },
    async destroy(ids) {
      const gone = await inChunks(ids, (some) => db.deleteFrom('subject_key').where('id', 'in', some).returning('id').execute())
      if (gone.length > 0) await forget()
      return gone.map(({ id }) => id)
    },
  }
}

/** A subject in words, for maps and as what a key is bound to. */
export function nameOfSubject({ tenantNo, ownerNo, class: of }: Subject): string {
  return `${tenantNo}|${ownerNo}|${of}`
}

function toKey(row: Selectable<Schema['subject_key']>): StoredSubjectKey {
  const { id, tenant_no: tenantNo, owner_no: ownerNo, class: of, wrapped } = row
  return {
    id,
    tenantNo,
    ownerNo,
    class: of as SubjectClass,
    wrapped: new Uint8Array(wrapped),
  }
}

function toRow({ id, tenantNo, ownerNo, class: of, wrapped }: StoredSubjectKey) {
  return { id, tenant_no: tenantNo, owner_no: ownerNo, class: of, wrapped }
}

async function inChunks<Item, Row>(
  items: readonly Item[],
  run: (some: readonly Item[]) => Promise<readonly Row[]>,
): Promise<readonly Row[]> {
  const rows: Row[] = []
  for (let from = 0; from < items.length; from += ROWS_PER_STATEMENT)
    rows.push(...(await run(items.slice(from, from + ROWS_PER_STATEMENT))))
  return rows
}

function missing(): never {
  throw new TrailError('records_unavailable', 'A subject key that was just kept cannot be read back; try again.')
}
