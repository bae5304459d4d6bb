import { Kysely, PostgresDialect, sql } from 'kysely'
import { DatabaseError, Pool, types, type ClientConfig, type CustomTypesConfig } from 'pg'
import type { Clock } from '../clock.ts'
import type { Log } from '../config/log.ts'
import { perform, type Call } from './act.ts'
import { toTrailError } from './failure.ts'
import { openFeed } from './feed.ts'
import { createGate } from './gate.ts'
import { createLanes } from './lanes.ts'
import { leadWith } from './leader.ts'
import { createListeners } from './listeners.ts'
import { migrate } from './migrations.ts'
import { raiseNumbers, writerFloor } from './numbers.ts'
import { createReads, readOutbox } from './reads.ts'
import type { RecordReads, Records, TokenChange } from './records.ts'
import type { Database, Schema } from './schema.ts'
import { newTransaction, type Transaction } from './transaction.ts'

/** Actions that run at once; each has its own connection and its own writer number, so that none waits for another's number. */
const LANES = 8

/** Connections besides those of the lanes, for reading. */
const READERS = 8

const STATEMENT_MS = 10_000
const CONNECT_MS = 5_000

/** A connection is made anew after this time, so that one that died in silence does not stay. */
const LIFETIME_SECONDS = 600

/** Tables in which an erasure deletes or changes rows. Archived write-ahead log counts as backup. */
const SCRUBBED = [
  'owner',
  'token',
  'sealed_value',
  'erasure',
  'outbox',
  'audit_outbox',
  'setting',
  'finding',
  'response',
  'leak',
  'approval',
]

/** How often an action is tried when the database broke a deadlock or a conflict. */
const TRIES = 4

/** Held while tables are brought up to date, so that processes that start together do it once. */
const MIGRATION_LOCK = 0x746f6b74

/** Records in PostgreSQL, for several server processes. */
export async function openPostgres(o: { url: string; clock: Clock; log: Log }): Promise<Records> {
  const pool = createPool(o.url, o.log)
  const db: Database = new Kysely<Schema>({ dialect: new PostgresDialect({ pool }) })
  try {
    await prepare(db)
    const lanes = createLanes(await lease(db, o.clock.now(), LANES))
    const changes = createListeners<TokenChange>(o.log)
    const outbox = createListeners<void>(o.log)
    const gate = createGate()
    const feed = await openFeed({
      connection: connectionOf(o.url),
      log: o.log,
      lanes,
      onChange: changes.tell,
      onAdopted: () => outbox.tell(),
      leaseWriter: async () => (await lease(db, o.clock.now(), 1))[0] ?? 0,
    })
    return {
      form: 'postgres',
      read: createReads(db, o.clock),
      act: ((name, params) => gate.pass(name, () => act({ name, params }))) as Records['act'],
      outbox: (limit) => readOutbox(db, limit, feed.writers()),
      onOutbox: outbox.add,
      onChange: changes.add,
      feedIsFresh: feed.isFresh,
      scrub: async () => {
        await sql.raw(`VACUUM ${SCRUBBED.join(', ')}`).execute(db)
        return true
      },
      lead: (task) => leadWith({ connection: connectionOf(o.url), task, log: o.log }),
      halt: gate.halt,
      async close() {
        await lanes.close()
        await feed.close()
        await db.destroy()
      },
    }

    async function act(call: Call): Promise<unknown> {
      const writer = await lanes.take()
      try {
        const { result, tx } = await inTransaction(db, writer, call, feed.announce)
        for (const change of tx.changes) changes.tell(change)
        if (tx.notedCount > 0) outbox.tell()
        return result
      } finally {
        lanes.give(writer)
      }
    }
  } catch (error) {
    await db.destroy()
    throw toTrailError(error)
  }
}

/** Reads the records of a running installation, or of one that stands still, and changes nothing in them. */
export function readPostgres(o: { url: string; clock: Clock; log: Log }): { read: RecordReads; close(): Promise<void> } {
  const db: Database = new Kysely<Schema>({ dialect: new PostgresDialect({ pool: createPool(o.url, o.log) }) })
  return { read: createReads(db, o.clock), close: () => db.destroy() }
}

type Announce = (db: Database, changes: readonly TokenChange[]) => Promise<void>

/** One action in one transaction; what caches must forget is announced in it and so arrives exactly when it commits. */
async function inTransaction(
  db: Database,
  writer: number,
  call: Call,
  announce: Announce,
): Promise<{ result: unknown; tx: Transaction }> {
  for (let tries = 1; ; tries += 1) {
    try {
      return await db.transaction().execute(async (trx) => {
        const tx = newTransaction(trx, writer)
        const result = await perform(tx, call)
        if (tx.changes.length > 0) await announce(trx, tx.changes)
        return { result, tx }
      })
    } catch (error) {
      if (tries >= TRIES || !isConflict(error)) throw toTrailError(error)
    }
  }
}

/** A deadlock or a serialisation conflict: nothing was changed, and trying again helps. */
function isConflict(error: unknown): boolean {
  return error instanceof DatabaseError && (error.code === '40P01' || error.code === '40001')
}

async function prepare(db: Database): Promise<void> {
  await db.transaction().execute(async (trx) => {
    await sql`SELECT pg_advisory_xact_lock(${MIGRATION_LOCK}::bigint)`.execute(trx)
    const { rows } = await sql<{ found: string | null }>`SELECT to_regnamespace('tokentrail')::text AS found`.execute(trx)
    if (!rows[0]?.found) await sql`CREATE SCHEMA tokentrail`.execute(trx)
    await migrate(trx, 'postgres')
  })
}

async function lease(db: Database, at: number, count: number): Promise<readonly number[]> {
  const rows = Array.from({ length: count }, () => ({ purpose: 'records', leased_at: at, seq: 0 }))
  return db.transaction().execute(async (trx) => {
    await raiseNumbers(trx, 'writer', writerFloor(at))
    return (await trx.insertInto('writer').values(rows).returning('no').execute()).map(({ no }) => no)
  })
}

function createPool(url: string, log: Log): Pool {
  const pool = new Pool({
    ...connectionOf(url),
    max: LANES + READERS,
    maxLifetimeSeconds: LIFETIME_SECONDS,
    types: { getTypeParser },
  })
  pool.on('error', (error) => log.warn({ cause: error.message }, 'a connection to the records was lost'))
  return pool
}

/** How every connection is made. The client's own time limit stands behind the server's, for a server that went silent. */
function connectionOf(url: string): ClientConfig {
  return {
    connectionString: url,
    application_name: 'tokentrail',
    options: '-c search_path=tokentrail -c synchronous_commit=on',
    statement_timeout: STATEMENT_MS,
    lock_timeout: STATEMENT_MS / 2,
    idle_in_transaction_session_timeout: STATEMENT_MS * 2,
    query_timeout: STATEMENT_MS * 1.5,
    connectionTimeoutMillis: CONNECT_MS,
    keepAlive: true,
  }
}

/** Numbers are below 2⁵³ here, so they are numbers and not text. */
const AS_NUMBERS: ReadonlySet<number> = new Set([types.builtins.INT8])
const getTypeParser: CustomTypesConfig['getTypeParser'] = (oid, format) =>
  AS_NUMBERS.has(oid) ? Number : types.getTypeParser(oid, format)
