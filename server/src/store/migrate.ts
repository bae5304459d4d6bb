import { TrailError } from '../errors.ts'
import { createStatements, onCluster } from './ddl.ts'
import type { StoreAddress } from './address.ts'
import type { StoreForm } from './ddl.ts'
import type { Store } from './store.ts'

interface Migration {
  readonly no: number
  readonly name: string
  /** Statements that may run twice, for one server or a cluster. */
  readonly statements: (form: StoreForm) => readonly string[]
}

/**
 * Forward only. The tables' data in `schema.ts` is always the newest form, so a later migration both changes it and alters
 * what an earlier version made (with IF NOT EXISTS): from empty and from every released version the result is the same.
 */
const MIGRATIONS: readonly Migration[] = [
  { no: 1, name: 'events and roll-ups', statements: createStatements },
  { no: 2, name: 'held events and figures for viewers', statements: createStatements },
]

/** Brings the store to the newest schema. May be called twice and by several servers; refuses data of a newer version. */
export async function migrateStore(store: Store & { readonly address?: StoreAddress }): Promise<void> {
  const form = formOf(store.address)
  await store.command(versionTable(form))
  const done = await doneMigrations(store)
  const newest = Math.max(0, ...done)
  if (newest > MIGRATIONS.length) throw newer(newest)
  for (const migration of MIGRATIONS.filter(({ no }) => !done.has(no))) await apply(store, migration, form)
}

/** Whether an address is one server or a cluster. */
export function formOf(address: StoreAddress | undefined): StoreForm {
  return address?.form === 'served' && address.cluster ? { cluster: address.cluster } : {}
}

async function apply(store: Store, { no, name, statements }: Migration, form: StoreForm): Promise<void> {
  for (const statement of statements(form)) await store.command(statement)
  await store.command(`INSERT INTO schema_version (no, name) VALUES (${no}, '${name}')`)
}

async function doneMigrations(store: Store): Promise<ReadonlySet<number>> {
  const { rows } = await store.query<{ no: number }>({ sql: 'SELECT DISTINCT no FROM schema_version', params: {} })
  return new Set(rows.map((row) => row.no))
}

function versionTable(form: StoreForm): string {
  const engine = form.cluster ? "ReplicatedMergeTree('/clickhouse/tables/{database}/{table}', '{replica}')" : 'MergeTree'
  return `CREATE TABLE IF NOT EXISTS schema_version${onCluster(form)} (
  no UInt32 COMMENT 'number of the migration',
  name String COMMENT 'what it did',
  applied_at DateTime64(3, 'UTC') DEFAULT now64(3) COMMENT 'when it ended, UTC'
) ENGINE = ${engine} ORDER BY no COMMENT 'Migrations that ran'`
}

function newer(no: number): TrailError {
  return new TrailError(
    'data_newer',
    `The store was written by a newer version (schema ${no}, this one knows ${MIGRATIONS.length}). Start that version, or use another data folder.`,
  )
}
