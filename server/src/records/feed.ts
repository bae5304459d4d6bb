import { randomBytes } from 'node:crypto'
import { setTimeout } from 'node:timers/promises'
import { sql } from 'kysely'
import { Client, type ClientConfig } from 'pg'
import type { Log } from '../config/log.ts'
import type { Lanes } from './lanes.ts'
import type { TokenChange } from './records.ts'
import type { Database } from './schema.ts'

/**
 * What other processes changed, over LISTEN/NOTIFY on a connection of its own. A beat goes the same way every 250 ms, so that
 * silence is noticed. The same connection holds an advisory lock per writer number of this process: where it is free, the
 * process is gone, and another takes over what it left in the outbox.
 */
export interface Feed {
  /** False when no beat came for a second: what caches hold may be old. */
  isFresh(): boolean
  /** Announces changes inside a transaction; they arrive when it commits. */
  announce(db: Database, changes: readonly TokenChange[]): Promise<void>
  /** Writer numbers whose outbox is this process's to relay. */
  writers(): readonly number[]
  close(): Promise<void>
}

export interface FeedOptions {
  readonly connection: ClientConfig
  readonly log: Log
  readonly lanes: Lanes
  readonly onChange: (change: TokenChange) => void
  readonly onAdopted: () => void
  readonly leaseWriter: () => Promise<number>
}

const CHANNEL = 'tokentrail_changes'
const BEAT_MS = 250
const SILENCE_MS = 1_000

/** A beat that is this late means a dead connection. */
const BEAT_MS_MAX = 3_000
const RECONNECT_MS = 200

/** How long a farewell may take; a server that does not answer is left. */
const END_MS_MAX = 1_000

/** Beats between two looks for what a dead process left. */
const ADOPTION_BEATS = 20

/** PostgreSQL's bound is 8,000 bytes. */
const PAYLOAD_BYTES_MAX = 7_900

/** First half of the key of the advisory lock of a writer number. */
const WRITER_LOCK = 0x746f6b77

type Message = {
  readonly from: string
  readonly beat?: true
  readonly all?: true
  readonly changes?: readonly [number, string, number][]
}

export async function openFeed(o: FeedOptions): Promise<Feed> {
  const self = randomBytes(9).toString('base64url')
  const adopted = new Set<number>()
  let client = await listen()
  /** By the process's own clock: silence of a network is real time, whatever clock the records are given. */
  let lastBeatAt = performance.now()
  const closing = new AbortController()
  const running = run()

  return {
    isFresh: () => performance.now() - lastBeatAt < SILENCE_MS,
    announce: async (db, changes) => {
      await sql`SELECT pg_notify(${CHANNEL}, ${encode(self, changes)})`.execute(db)
    },
    writers: () => [...o.lanes.writers, ...adopted],
    async close() {
      closing.abort()
      await running
      await Promise.race([client.end(), setTimeout(END_MS_MAX)])
    },
  }

  async function run(): Promise<void> {
    for (let beats = 0; !closing.signal.aborted; beats += 1) {
      try {
        await inTime(client.query('SELECT pg_notify($1, $2)', [CHANNEL, JSON.stringify({ from: self, beat: true })]))
        if (beats % ADOPTION_BEATS === 0) await adopt()
      } catch (error) {
        o.log.warn({ cause: String(error) }, 'the feed of changes is broken, connecting again')
        await reconnect()
      }
      await pause(BEAT_MS, closing.signal)
    }
  }

  async function listen(): Promise<Client> {
    const next = new Client(o.connection)
    next.on('error', () => undefined)
    next.on('notification', ({ payload }) => receive(decode(payload)))
    try {
      await next.connect()
      await next.query(`LISTEN ${CHANNEL}`)
      await hold(next)
      return next
    } catch (error) {
      next.end().catch(() => undefined)
      throw error
    }
  }

  /** While nobody listened anything may have changed. */
  async function reconnect(): Promise<void> {
    client.end().catch(() => undefined)
    adopted.clear()
    while (!closing.signal.aborted) {
      try {
        client = await listen()
        o.onChange('all')
        lastBeatAt = performance.now()
        return
      } catch {
        await pause(RECONNECT_MS, closing.signal)
      }
    }
  }

  function receive({ from, beat, all, changes }: Message): void {
    if (from === self) {
      if (beat) lastBeatAt = performance.now()
      return
    }
    if (all) o.onChange('all')
    for (const [no, id, version] of changes ?? []) o.onChange({ no, id, version })
  }

  /** Holds this process's numbers; one that another process took over meanwhile is left to it. */
  async function hold(on: Client): Promise<void> {
    for (const writer of o.lanes.writers) {
      if (!(await lock(on, writer))) o.lanes.replace(writer, await o.leaseWriter())
    }
  }

  async function adopt(): Promise<void> {
    const own = [...o.lanes.writers, ...adopted]
    const { rows } = await client.query<{ writer: string }>(
      'SELECT DISTINCT writer FROM outbox WHERE writer <> ALL ($1) LIMIT 100',
      [own],
    )
    let count = 0
    for (const writer of rows.map((row) => Number(row.writer))) {
      if (!(await lock(client, writer))) continue
      adopted.add(writer)
      count += 1
    }
    if (count > 0) o.onAdopted()
  }
}

/** Anyone who may use the database may write to the channel: what is not ours counts as "anything may have changed". */
function decode(payload: string | undefined): Message {
  try {
    const message: Message = JSON.parse(payload ?? '')
    return typeof message.from === 'string' ? message : { from: '', all: true }
  } catch {
    return { from: '', all: true }
  }
}

async function lock(client: Client, writer: number): Promise<boolean> {
  const { rows } = await client.query<{ held: boolean }>('SELECT pg_try_advisory_lock($1, $2) AS held', [WRITER_LOCK, writer])
  return rows[0]?.held === true
}

function encode(from: string, changes: readonly TokenChange[]): string {
  const known = changes.filter((change) => change !== 'all')
  const message: Message = { from, changes: known.map(({ no, id, version }) => [no, id, version]) }
  const text = JSON.stringify(message)
  const fits = known.length === changes.length && Buffer.byteLength(text) <= PAYLOAD_BYTES_MAX
  return fits ? text : JSON.stringify({ from, all: true } satisfies Message)
}

/** A query that is late is given up; its connection is thrown away by the caller. */
async function inTime(query: Promise<unknown>): Promise<void> {
  const done = new AbortController()
  const late = setTimeout(BEAT_MS_MAX, undefined, { signal: done.signal }).then(() => {
    throw new Error(`no beat within ${BEAT_MS_MAX} ms`)
  })
  try {
    await Promise.race([query, late])
  } finally {
    done.abort()
    await Promise.allSettled([late])
  }
}

async function pause(ms: number, signal: AbortSignal): Promise<void> {
  await setTimeout(ms, undefined, { signal }).catch(() => undefined)
}
