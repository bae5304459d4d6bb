import type { Milliseconds } from 'tokentrail'
import { KINDS } from 'tokentrail'
import type { Clock } from '../clock.ts'
import { TrailError } from '../errors.ts'
import type { RecordReads, Records, TokenRecord } from '../records/records.ts'
import type { SqlValue, Store } from '../store/store.ts'
import type { WindowParams } from './rows.ts'
import { type Sight, sightParams, WHOLE_SIGHT, within } from './scope.ts'
import { KEPT } from './sources.ts'
import type { CountRow } from './window-counts.ts'
import { type Arms, armsOf, spanParams, spansOf } from './spans.ts'

/** Constant SQL; over a source, with the arms that the window needs and no other. */
export type Sql = string | ((arms: Arms) => string)

/** What a question reads with: the store in one tenant's scope, and the records to name what it finds. */
export interface Reader {
  readonly tenantNo: number
  readonly now: Milliseconds
  readonly read: RecordReads
  /** Runs constant SQL that names its tables by `OF`. Tenant and hidden events are set here. */
  rows<Row>(sql: Sql, params: Readonly<Record<string, SqlValue>>): Promise<readonly Row[]>
  /** The same, row by row with back-pressure, for answers that are never held whole. */
  stream<Row>(sql: Sql, params: Readonly<Record<string, SqlValue>>): AsyncIterable<Row>
  /** The token of a public id; `not_found` for strangers and other tenants' tokens. */
  token(id: string): Promise<TokenRecord>
  /** Parameters of the sources for a window: roll-ups of the kind for whole steps, raw events else and for one token. */
  window(params: WindowParams, source: keyof typeof KEPT): Promise<Readonly<Record<string, SqlValue>>>
  /** The sums of the question's window (`window-counts.ts`), when its frame reads them anyway. */
  readonly counts?: Promise<readonly CountRow[]>
  /** What was read so far, and how long it took from the opening. */
  cost(): { readonly rowsRead: number; readonly elapsedMs: number }
}

export interface ReaderParts {
  readonly store: Pick<Store, 'query' | 'stream'>
  readonly records: Records
  readonly clock: Clock
}

/** A streamed answer may be long; whoever reads it is told when it was cut short. */
const STREAM_LIMITS = { timeoutMs: 600_000 } as const

const CANARY = 1
const CANARY_OR_SIMULATED = 3

/** Opens the store and the records for one tenant, as far as the reader may see. */
export async function openReader(
  parts: ReaderParts,
  tenantNo: number,
  signal?: AbortSignal,
  sight: Sight = WHOLE_SIGHT,
): Promise<Reader> {
  const tenant = await parts.records.read.tenant(tenantNo)
  if (tenant === null) throw new TrailError('not_found', 'There is no such tenant.', { input: 'tenant' })
  const scope = { ...sightParams(sight), tenant: tenantNo, hidden: tenant.simulated ? CANARY : CANARY_OR_SIMULATED }
  const startedAt = parts.clock.ticks()
  let rowsRead = 0
  const reader: Reader = {
    tenantNo,
    now: parts.clock.now(),
    read: parts.records.read,
    async rows<Row>(sql: Sql, params: Readonly<Record<string, SqlValue>>): Promise<readonly Row[]> {
      signal?.throwIfAborted()
      const text = within(typeof sql === 'string' ? sql : sql(armsOf(params)), sight)
      const answer = await parts.store.query<Row>({ sql: text, params: { ...params, ...scope }, ...(signal ? { signal } : {}) })
      rowsRead += answer.cost.rowsRead
      return answer.rows
    },
    async *stream<Row>(sql: Sql, params: Readonly<Record<string, SqlValue>>): AsyncIterable<Row> {
      signal?.throwIfAborted()
      const text = within(typeof sql === 'string' ? sql : sql(armsOf(params)), sight)
      const asked = { sql: text, params: { ...params, ...scope }, limits: STREAM_LIMITS, format: 'JSONEachRow' }
      const stream = await parts.store.stream({ ...asked, ...(signal ? { signal } : {}) })
      for await (const line of linesOf(stream)) yield JSON.parse(line) as Row
    },
    token: (id) => tokenOf(parts.records.read, tenantNo, id, sight),
    async window({ from, to, kind, token }, source) {
      const no = token === undefined ? 0 : (await reader.token(token)).no
      const kept = no === 0 || source === 'oneTokenDay' ? KEPT[source] : []
      const spans = spansOf({ from, to }, kept, reader.now)
      return { ...spanParams(spans), kind: KINDS[kind ?? 'none'], token: no }
    },
    cost: () => ({ rowsRead, elapsedMs: (parts.clock.ticks() - startedAt) / 1000 }),
  }
  return reader
}

async function tokenOf(read: RecordReads, tenantNo: number, id: string, { ownerNo }: Sight): Promise<TokenRecord> {
  const token = await read.token(tenantNo, id)
  if (token === null || (ownerNo !== null && token.ownerNo !== ownerNo))
    throw new TrailError('not_found', 'There is no token with this id. Give the public id of a token.', { input: 'token' })
  return token
}

/** Lines as they arrive. A failure of the stream is the reader's, which splitting by events would lose. */
async function* linesOf(stream: AsyncIterable<Uint8Array>): AsyncIterable<string> {
  const decoder = new TextDecoder()
  let rest = ''
  for await (const chunk of stream) {
    const lines = (rest + decoder.decode(chunk, { stream: true })).split('\n')
    rest = lines.pop() ?? ''
    yield* lines.filter((line) => line !== '')
  }
  if (rest !== '') yield rest
}
