import { Agent } from 'node:http'
import { Readable } from 'node:stream'
import { setTimeout as after } from 'node:timers/promises'
import { ClickHouseError, ClickHouseLogLevel, createClient } from '@clickhouse/client'
import { TrailError } from '../errors.ts'
import { SPOOL_HEADER } from './spool.ts'
import type { ClickHouseClient, ClickHouseSettings } from '@clickhouse/client'
import type { ErrorCode } from '../errors.ts'
import type { StoreAddress } from './address.ts'
import type { QueryCost, QueryOptions, QuestionLimits, Store } from './store.ts'

/** What can be done at a store's address; `Store` adds its health. */
export type StoreClient = Pick<Store, 'query' | 'stream' | 'command' | 'insert' | 'close'> & {
  /** Whether the store answers a trivial query within `timeoutMs`. */
  ping(timeoutMs: number): Promise<boolean>
}

/** Limits of a question that brings none of its own. */
export const QUESTION_LIMITS: QuestionLimits = { timeoutMs: 10_000, memoryBytesMax: 1024 * 1024 * 1024, rowsReadMax: 500_000_000 }

/** The engine stops a question by itself at its limit; this much later we stop waiting for it. */
const GRACE_MS = 2000
const COMMAND_TIMEOUT_MS = 600_000
const INSERT_TIMEOUT_MS = 60_000
const CONNECTIONS_MAX = 32

const INSERT_SETTINGS: ClickHouseSettings = {
  async_insert: 0,
  deduplicate_blocks_in_dependent_materialized_views: 1,
  insert_deduplicate: 1,
  // More threads cost a small insert a fifth more and make a large one no faster.
  max_threads: 1,
  // On a cluster, the face hands rows on before it answers.
  distributed_foreground_insert: 1,
  max_execution_time: INSERT_TIMEOUT_MS / 1000,
}

/** A client of the store at an address, for any thread. Makes no connection until it is used. */
export function createStoreClient(address: StoreAddress): StoreClient {
  const client = connect(address)

  // oxlint-disable-next-line typescript/no-unnecessary-type-parameters -- the caller says what its SQL gives
  async function query<Row>(options: QueryOptions): Promise<{ rows: Row[]; cost: QueryCost }> {
    const startedAt = performance.now()
    const { settings, signal } = bounds(options)
    const result = await asked(
      client.exec({
        query: `${options.sql}\nFORMAT JSON`,
        query_params: { ...options.params },
        clickhouse_settings: settings,
        abort_signal: signal,
      }),
      options,
    )
    const text = await asked(readAll(result.stream), options)
    const { data, statistics } = parseAnswer<Row>(text)
    return {
      rows: data,
      cost: { rowsRead: statistics.rows_read, bytesRead: statistics.bytes_read, elapsedMs: performance.now() - startedAt },
    }
  }

  async function stream(options: QueryOptions & { readonly format: string }): Promise<Readable> {
    if (!/^\w+$/.test(options.format)) throw new TypeError(`${options.format} is no output format.`)
    const { settings, signal } = bounds(options)
    const result = await asked(
      client.exec({
        query: `${options.sql}\nFORMAT ${options.format}`,
        query_params: { ...options.params },
        clickhouse_settings: settings,
        abort_signal: signal,
        http_headers: { [SPOOL_HEADER]: '1' },
      }),
      options,
    )
    return result.stream
  }

  async function command(sql: string, params: QueryOptions['params'] = {}): Promise<void> {
    await asked(
      client.command({
        query: sql,
        query_params: { ...params },
        clickhouse_settings: { max_execution_time: 0, wait_end_of_query: 1 },
        abort_signal: AbortSignal.timeout(COMMAND_TIMEOUT_MS),
      }),
    )
  }

  async function insert(
    table: string,
    columns: readonly string[],
    rowBinary: Uint8Array,
    deduplicationToken: string,
  ): Promise<void> {
    const names = columns.map((name) => `\`${name}\``).join(', ')
    const result = await asked(
      client.exec({
        query: `INSERT INTO \`${table}\` (${names}) FORMAT RowBinary`,
        values: Readable.from([Buffer.from(rowBinary.buffer, rowBinary.byteOffset, rowBinary.byteLength)], { objectMode: false }),
        clickhouse_settings: { ...INSERT_SETTINGS, insert_deduplication_token: deduplicationToken },
        abort_signal: AbortSignal.timeout(INSERT_TIMEOUT_MS + GRACE_MS),
      }),
    )
    await asked(readAll(result.stream))
  }

  async function ping(timeoutMs: number): Promise<boolean> {
    const late = new AbortController()
    const answer = client.ping({ select: false, abort_signal: late.signal }).then((result) => result.success)
    const timeout = after(timeoutMs, false, { ref: false })
    const alive = await Promise.race([answer, timeout])
    late.abort()
    return alive
  }

  return { query, stream, command, insert, ping, close: () => client.close() }
}

function connect(address: StoreAddress): ClickHouseClient {
  const common = {
    database: address.database,
    application: 'tokentrail',
    request_timeout: COMMAND_TIMEOUT_MS,
    max_open_connections: CONNECTIONS_MAX,
    // The client would print statements and parameters; what went wrong is in the error.
    log: { level: ClickHouseLogLevel.OFF },
  }
  if (address.form === 'served')
    return createClient({ ...common, url: address.url, username: address.username, password: address.password })
  // `socketPath` is missing in the types of an agent's options, which become those of each connection.
  const options = { keepAlive: true, maxSockets: CONNECTIONS_MAX, socketPath: address.socketPath }
  const agent = new Agent(options)
  return createClient({ ...common, url: 'http://localhost', http_agent: agent })
}

function bounds({ limits, signal }: QueryOptions): { settings: ClickHouseSettings; signal: AbortSignal } {
  const { timeoutMs, memoryBytesMax, rowsReadMax } = { ...QUESTION_LIMITS, ...limits }
  const timeout = AbortSignal.timeout(timeoutMs + GRACE_MS)
  return {
    settings: {
      readonly: '1',
      max_execution_time: timeoutMs / 1000,
      max_memory_usage: String(memoryBytesMax),
      max_rows_to_read: String(rowsReadMax),
      output_format_json_quote_64bit_integers: 0,
      output_format_json_quote_denormals: 1,
      // An error then has a status of its own instead of standing in the middle of an answer.
      wait_end_of_query: 1,
    },
    signal: signal ? AbortSignal.any([signal, timeout]) : timeout,
  }
}

async function readAll(stream: Readable): Promise<string> {
  const parts: Buffer[] = []
  for await (const part of stream as AsyncIterable<Buffer>) parts.push(part)
  return Buffer.concat(parts).toString()
}

interface JsonAnswer<Row> {
  readonly data: Row[]
  readonly statistics: { readonly rows_read: number; readonly bytes_read: number }
}

function parseAnswer<Row>(text: string): JsonAnswer<Row> {
  return (/\d{16}/.test(text) ? JSON.parse(text, exactIntegers) : JSON.parse(text)) as JsonAnswer<Row>
}

/** Integers that a double cannot hold come as strings. */
function exactIntegers(_key: string, value: unknown, context?: { source?: string }): unknown {
  if (typeof value !== 'number' || Number.isSafeInteger(value)) return value
  return context?.source !== undefined && /^-?\d+$/.test(context.source) ? context.source : value
}

/** What the engine's error codes mean here; every other one is a mistake of ours. */
const CODES: Readonly<Record<string, { code: ErrorCode; message: string }>> = {
  159: { code: 'question_timeout', message: 'The question took longer than it may. Ask for a shorter window or fewer groups.' },
  160: {
    code: 'question_timeout',
    message: 'The question would take longer than it may. Ask for a shorter window or fewer groups.',
  },
  394: { code: 'question_timeout', message: 'The question was stopped before it was answered. Ask again.' },
  158: {
    code: 'cost_refused',
    message: 'The question would read more rows than it may. Ask for a shorter window or name a token.',
  },
  307: {
    code: 'cost_refused',
    message: 'The question would read more bytes than it may. Ask for a shorter window or name a token.',
  },
  241: { code: 'cost_refused', message: 'The question needs more memory than it may. Ask for a shorter window or fewer groups.' },
  202: { code: 'overloaded', message: 'Too many questions wait for the store. Ask again in a moment.' },
}

async function asked<T>(answer: Promise<T>, options?: QueryOptions): Promise<T> {
  try {
    return await answer
  } catch (error) {
    options?.signal?.throwIfAborted()
    if (!(error instanceof ClickHouseError))
      throw new TrailError(
        'store_unavailable',
        'The store does not answer. Its state is in /readyz; events wait in the journal meanwhile.',
        { cause: error },
      )
    const known = CODES[error.code]
    if (known) throw new TrailError(known.code, known.message, { cause: error })
    throw new TrailError('internal', `The store refused a statement: ${error.type ?? error.code}.`, { cause: error })
  }
}
