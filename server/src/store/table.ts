/** A column of the store, explained: the comment goes into the DDL and the reference. */
export interface TableColumn {
  readonly name: string
  readonly type: string
  readonly codec?: string
  readonly doc: string
}

/** How a table's parts are cut, and so in which steps they age out. */
export type Partition = 'retention and day' | 'day' | 'month' | 'year' | 'none'

/** A table as data. The DDL of one server and of a cluster are made from it (`ddl.ts`). */
export interface Table {
  readonly name: string
  readonly doc: string
  readonly engine: 'MergeTree' | 'SummingMergeTree' | 'AggregatingMergeTree' | 'ReplacingMergeTree'
  readonly columns: readonly TableColumn[]
  readonly orderBy: readonly string[]
  readonly partition: Partition
  /** The time column that partitions and ages the table. */
  readonly time?: string
  /** Skip indexes: name of the column. */
  readonly bloom?: readonly string[]
  /** Rows are kept so long; `class` = by the row's retention class, `records` = as long as the records hold the token, `holds` = until a hold ends. */
  readonly keptDays: number | 'class' | 'records' | 'holds'
  /** SELECT over `events` that fills the table, for roll-ups. */
  readonly select?: string
}
