import type { Selectable } from 'kysely'
import type { LogEntry, LogShard, LogSigned, LogWaiting } from './audit.ts'
import type { AuditOutboxTable, LogEntryTable, LogHeadTable, LogShardTable, LogSignedTable } from './audit-tables.ts'
import type { Database } from './schema.ts'

type ShardRow = Selectable<LogShardTable> & Pick<Selectable<LogHeadTable>, 'size' | 'root' | 'edge'>

/** Shards with their heads. */
export function selectShards(db: Database) {
  return db
    .selectFrom('log_shard')
    .innerJoin('log_head', 'log_head.shard', 'log_shard.name')
    .selectAll('log_shard')
    .select(['log_head.size', 'log_head.root', 'log_head.edge'])
}

/** The shard of a name, which is known to exist. */
export async function readShard(db: Database, name: string): Promise<LogShard> {
  return toShard(await selectShards(db).where('log_shard.name', '=', name).executeTakeFirstOrThrow())
}

export function toShard(row: ShardRow): LogShard {
  return {
    name: row.name,
    origin: row.origin,
    vkey: row.vkey,
    epoch: row.epoch,
    previous: row.previous,
    openedAt: row.opened_at,
    closedAt: row.closed_at,
    halted: row.halted,
    recovered: row.recovered,
    head: { size: row.size, root: new Uint8Array(row.root), edge: new Uint8Array(row.edge) },
  }
}

export function toEntry(row: Selectable<LogEntryTable>): LogEntry {
  const { shard, place: index, id, tenant_no: tenantNo, n, type, at, bytes } = row
  return { shard, index, id, tenantNo, n, type, at, bytes: new Uint8Array(bytes) }
}

export function toSigned(row: Selectable<LogSignedTable>): LogSigned {
  const { shard, size, root, signed_at: signedAt, note } = row
  return { shard, size, root: new Uint8Array(root), signedAt, note }
}

export function toWaiting(row: Selectable<AuditOutboxTable>): LogWaiting {
  const { position, id, form, tenant_no: tenantNo, at, body } = row
  return { position, id, form: form === 'log' ? 'log' : 'event', tenantNo, at, body }
}
