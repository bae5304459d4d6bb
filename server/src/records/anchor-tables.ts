/** Checkpoints of the audit log with the signatures of witnesses, and how far each witness and each other copy has come. */
export const ANCHOR_TABLES: readonly string[] = [
  `CREATE TABLE log_cosigned (
    shard TEXT NOT NULL, size INTEGER NOT NULL, note TEXT NOT NULL, at INTEGER NOT NULL, PRIMARY KEY (shard, size)
  ) TABLE_END`,
  'CREATE INDEX log_cosigned_by_time ON log_cosigned (shard, at)',
  `CREATE TABLE log_anchor (
    name TEXT NOT NULL PRIMARY KEY, shard TEXT NOT NULL, size INTEGER NOT NULL, at INTEGER NOT NULL
  ) TABLE_END`,
]

export interface LogCosignedTable {
  shard: string
  size: number
  note: string
  at: number
}

export interface LogAnchorTable {
  name: string
  shard: string
  size: number
  at: number
}
