import type { Readable } from 'node:stream'

/** Limits of one question; every question carries them. */
export interface QuestionLimits {
  readonly timeoutMs: number
  readonly memoryBytesMax: number
  readonly rowsReadMax: number
}

export type SqlValue = string | number | bigint | boolean | null | readonly (string | number | bigint)[]

/** What a question cost, as the store counted it. */
export interface QueryCost {
  readonly rowsRead: number
  readonly bytesRead: number
  readonly elapsedMs: number
}

export interface QueryOptions {
  /** Constant SQL; values only as `{name:Type}`. */
  readonly sql: string
  readonly params: Readonly<Record<string, SqlValue>>
  readonly limits?: Partial<QuestionLimits>
  readonly signal?: AbortSignal
}

/** Where events are analysed: ClickHouse, embedded or by URL, one client and one dialect. */
export interface Store {
  /** Runs a read-only question. 64-bit integers that are not safe come back as strings. */
  // oxlint-disable-next-line typescript/no-unnecessary-type-parameters -- the caller says what its SQL gives
  query<Row>(options: QueryOptions): Promise<{ readonly rows: Row[]; readonly cost: QueryCost }>
  /** The same, streamed in a ClickHouse output format (`CSVWithNames`, `JSONEachRow`, `Parquet`, …). */
  stream(options: QueryOptions & { readonly format: string }): Promise<Readable>
  /** Runs a constant DDL or maintenance statement; values only as `{name:Type}`. */
  command(sql: string, params?: Readonly<Record<string, SqlValue>>): Promise<void>
  /** Inserts encoded RowBinary rows once: the same token never counts twice. */
  insert(table: string, columns: readonly string[], rowBinary: Uint8Array, deduplicationToken: string): Promise<void>
  health(): StoreHealth
  /** Closes connections and stops the embedded process, killing its running queries. */
  close(): Promise<void>
}

export interface StoreHealth {
  readonly form: 'embedded' | 'served'
  readonly state: 'starting' | 'ready' | 'unreachable' | 'stopped'
  readonly version: string | null
  readonly restarts: number
  readonly pid: number | null
  readonly lastFailure: string | null
}
