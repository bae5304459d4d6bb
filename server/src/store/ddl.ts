import { TABLES } from './schema.ts'
import type { Partition, Table, TableColumn } from './table.ts'

/** One server, or a cluster: then tables are replicated, made on every node, and a `Distributed` face carries the name. */
export interface StoreForm {
  readonly cluster?: string
}

/** Insert blocks whose tokens a table remembers. Beyond every backlog that can be replayed. */
export const DEDUPLICATION_WINDOW = 10_000

const SETTINGS = {
  index_granularity: 8192,
  fsync_after_insert: 1,
  fsync_part_directory: 1,
  min_rows_to_fsync_after_merge: 1,
  old_parts_lifetime: 480,
  // an idle table looks after its old parts as often as a busy one: an erasure waits for it
  max_cleanup_delay_period: 30,
  ttl_only_drop_parts: 1,
} as const

/** Statements that make every table, its roll-ups' views and, on a cluster, the faces. */
export function createStatements(form: StoreForm): readonly string[] {
  return [
    ...TABLES.map((table) => createTable(table, form)),
    ...(form.cluster ? TABLES.map((table) => createFace(table, form.cluster ?? '')) : []),
    ...TABLES.filter((table) => table.select).map((table) => createView(table, form)),
  ]
}

/** The table that holds a node's own rows. */
export function localName(table: string, form: StoreForm): string {
  return form.cluster ? `${table}_local` : table
}

/** ` ON CLUSTER …`, or nothing. */
export function onCluster({ cluster }: StoreForm): string {
  return cluster ? ` ON CLUSTER ${identifier(cluster)}` : ''
}

/** A name, quoted. */
export function identifier(name: string): string {
  return `\`${name.replaceAll('\\', '\\\\').replaceAll('`', '\\`')}\``
}

function createTable(table: Table, form: StoreForm): string {
  const columns = [...table.columns.map(columnSql), ...aliases(table), ...(table.bloom ?? []).map(indexSql)]
  return `CREATE TABLE IF NOT EXISTS ${localName(table.name, form)}${onCluster(form)} (
  ${columns.join(',\n  ')}
) ENGINE = ${engineSql(table, form)}
${partitionSql(table)}ORDER BY (${table.orderBy.map(identifier).join(', ')})
SETTINGS ${settingsSql(form)}
COMMENT ${text(table.doc)}`
}

function aliases(table: Table): readonly string[] {
  if (table.name !== 'events') return []
  return [
    `\`received_at\` DateTime64(3, 'UTC') ALIAS addMilliseconds(occurred_at, delay_ms) COMMENT 'when the journal received it, UTC'`,
  ]
}

function columnSql({ name, type, codec, doc }: TableColumn): string {
  return `${identifier(name)} ${type} COMMENT ${text(doc)}${codec ? ` CODEC(${codec})` : ''}`
}

function indexSql(column: string): string {
  return `INDEX ${identifier(`by_${column}`)} ${identifier(column)} TYPE bloom_filter(0.025) GRANULARITY 1`
}

function engineSql({ engine }: Table, { cluster }: StoreForm): string {
  return cluster ? `Replicated${engine}('/clickhouse/tables/{shard}/{database}/{table}', '{replica}')` : engine
}

function partitionSql({ partition, time }: Table): string {
  const column = identifier(time ?? '')
  const sql: Readonly<Record<Partition, string>> = {
    'retention and day': `(retention, toDate(${column}))`,
    day: `toDate(${column})`,
    month: `toYYYYMM(${column})`,
    year: `toYear(${column})`,
    none: '',
  }
  return partition === 'none' ? '' : `PARTITION BY ${sql[partition]}\n`
}

function settingsSql({ cluster }: StoreForm): string {
  const window = cluster ? 'replicated_deduplication_window' : 'non_replicated_deduplication_window'
  return Object.entries({ ...SETTINGS, [window]: DEDUPLICATION_WINDOW })
    .map(([name, value]) => `${name} = ${value}`)
    .join(', ')
}

function createFace(table: Table, cluster: string): string {
  const [name, local] = [table.name, localName(table.name, { cluster })]
  return `CREATE TABLE IF NOT EXISTS ${name}${onCluster({ cluster })} AS ${local}
ENGINE = Distributed(${text(cluster)}, currentDatabase(), ${text(local)}, intHash64(tenant))
COMMENT ${text(table.doc)}`
}

function createView(table: Table, form: StoreForm): string {
  const target = localName(table.name, form)
  const select = (table.select ?? '').replace('FROM events ', `FROM ${localName('events', form)} AS events `)
  return `CREATE MATERIALIZED VIEW IF NOT EXISTS ${target}_view${onCluster(form)} TO ${target} AS
${select}`
}

function text(value: string): string {
  return `'${value.replaceAll('\\', '\\\\').replaceAll("'", "\\'")}'`
}
