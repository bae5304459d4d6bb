import { randomUUID } from 'node:crypto'
import type { Pool } from 'pg'
import type { Milliseconds } from 'tokentrail'
import type { Clock } from '../../clock.ts'
import type { Log } from '../../config/log.ts'
import { frameRows } from '../../event/frame.ts'
import type { Journal, JournalBatch } from '../../journal/journal.ts'
import { openJournalReader, type JournalReadFile } from '../../journal/read.ts'
import { inTransaction } from './transaction.ts'
import { FEED_BYTES_MAX } from './tables.ts'
import type { Request } from './requests.ts'

export interface Forwarding {
  /** Resolves when everything that was durable when it was asked is in the feed. */
  flush(): Promise<void>
  close(): Promise<void>
}

interface Parts {
  readonly pool: Pool
  readonly journal: Journal
  readonly journalFile: string
  readonly request: (request: Request) => Promise<unknown>
  readonly clock: Clock
  readonly log: Log
}

interface Untold {
  readonly from: Milliseconds
  readonly count: number
}

const PAGE_BYTES = 512 * 1024
const AGAIN_MS = 1000
const FULL_SHARE = 0.5
/** A journal that was not heard of for so long is gone. */
const ORIGIN_DAYS = 90

/**
 * Brings every batch of this server's journal to the feed that the detecting server reads, each exactly once: the database notes, in the
 * transaction that takes a batch, how far it has this journal.
 */
export async function startForwarding(parts: Parts): Promise<Forwarding> {
  const { pool, journal, log } = parts
  let at = await journal.register('detect')
  const origin = await originOf(journal, pool, at)
  const reader = openJournalReader(parts.journalFile)
  const closing = new AbortController()
  let wake = (): void => undefined
  /** What was left out and the detecting server was not told of yet, by reason. */
  const untold = new Map<string, Untold>()
  const waiting = new Set<{ readonly upTo: number; resolve(): void }>()
  const stopListening = journal.onJournalled(() => wake())
  const running = run()

  async function run(): Promise<void> {
    let isFailing = false
    while (!closing.signal.aborted) {
      try {
        await makeRoom()
        await tellLeftOut()
        const isBehind = await forwardPage()
        isFailing = false
        if (isBehind) continue
        for (const each of waiting) if (each.upTo <= at) each.resolve()
        await pause(at < journal.position() ? AGAIN_MS / 5 : AGAIN_MS)
      } catch (error) {
        if (!isFailing) log.warn({ cause: String(error) }, 'events could not be handed to the detecting server; they wait')
        isFailing = true
        await pause(AGAIN_MS)
      }
    }
  }

  /** True when there may be more at once. */
  async function forwardPage(): Promise<boolean> {
    const page = reader.next(at, PAGE_BYTES, journal.position())
    if (page.upTo === at) return false
    if (!(await deliver(pool, origin, page.batches, page.upTo))) return false
    if (page.damaged.length > 0) leftOut('batches of the journal are damaged', page.damaged.length)
    at = page.upTo
    await journal.passed('detect', at)
    return true
  }

  /** The journal needs its room and the feed takes nothing: what the store has is left out, and that is said. */
  async function makeRoom(): Promise<void> {
    const { bytes, bytesMax } = journal.state()
    const { ship = 0 } = journal.readers()
    if (bytes < bytesMax * FULL_SHARE || at >= ship || (await hasRoom(pool))) return
    const count = rowsBetween(reader, at, ship)
    log.warn({ count }, 'The feed of detection is full and the journal needs its room: events are left out.')
    leftOut('detection could not be reached for too long', count)
    at = ship
    await journal.passed('detect', ship)
  }

  function leftOut(reason: string, count: number): void {
    const now = parts.clock.now()
    const before = untold.get(reason) ?? { from: now, count: 0 }
    untold.set(reason, { from: before.from, count: before.count + count })
  }

  async function tellLeftOut(): Promise<void> {
    for (const [reason, { from, count }] of untold) {
      await parts.request({ ask: 'missed', from, to: parts.clock.now(), count, reason })
      untold.delete(reason)
    }
  }

  function pause(ms: number): Promise<void> {
    return new Promise((resolve) => {
      const timer = setTimeout(done, ms)
      wake = done
      closing.signal.addEventListener('abort', done, { once: true })
      function done(): void {
        clearTimeout(timer)
        closing.signal.removeEventListener('abort', done)
        resolve()
      }
    })
  }

  async function flush(): Promise<void> {
    const upTo = journal.position()
    if (at >= upTo) return
    const done = Promise.withResolvers<void>()
    const wanted = { upTo, resolve: done.resolve }
    waiting.add(wanted)
    wake()
    await done.promise.finally(() => waiting.delete(wanted))
  }

  return {
    flush,
    async close() {
      await Promise.race([flush(), new Promise((resolve) => setTimeout(resolve, AGAIN_MS).unref())])
      closing.abort()
      stopListening()
      await running
      reader.close()
    },
  }
}

/** False while the feed is full. Batches that came before are passed over. */
async function deliver(pool: Pool, origin: string, batches: readonly JournalBatch[], upTo: number): Promise<boolean> {
  return inTransaction(pool, async (query) => {
    // this row is locked until the end, so that numbers become visible in their order
    const { rows } = await query<{ last_no: string; bytes: string }>('SELECT last_no, bytes FROM detection_head FOR UPDATE')
    if (Number(rows[0]?.bytes) >= FEED_BYTES_MAX) return false
    const { rows: known } = await query<{ position: string }>(KNOWN, [origin])
    const fresh = batches.filter(({ position }) => position > Number(known[0]?.position ?? -1))
    const first = Number(rows[0]?.last_no) + 1
    const [nos, times] = [fresh.map((_, i) => first + i), fresh.map(({ receivedAt }) => receivedAt)]
    await query(INSERT, [nos, times, fresh.map(({ frame }) => Buffer.from(frame))])
    const bytes = fresh.reduce((sum, { frame }) => sum + frame.byteLength, 0)
    await query('UPDATE detection_head SET last_no = last_no + $1, bytes = bytes + $2', [fresh.length, bytes])
    await query(PASSED, [origin, upTo])
    return true
  })
}

const KNOWN = 'SELECT position FROM detection_origin WHERE origin = $1'
const INSERT = `INSERT INTO detection_batch (no, received_at, frame)
  SELECT * FROM unnest($1::bigint[], $2::bigint[], $3::bytea[])`
const PASSED = `INSERT INTO detection_origin VALUES ($1, $2, now())
  ON CONFLICT (origin) DO UPDATE SET position = greatest(detection_origin.position, excluded.position), at = now()`
const FORGET = `DELETE FROM detection_origin WHERE at < now() - interval '${ORIGIN_DAYS} days'`

/** The name of this journal, noted in it. One that is behind what is known of it was restored, and is another from now on. */
async function originOf(journal: Journal, pool: Pool, at: number): Promise<string> {
  await pool.query(FORGET)
  const noted = (await journal.notes('detect')).get('origin')
  if (noted !== undefined) {
    const { rows } = await pool.query<{ position: string }>(KNOWN, [noted])
    if (Number(rows[0]?.position ?? 0) <= journal.position()) return noted
  }
  const origin = randomUUID()
  await journal.passed('detect', at, undefined, new Map([['origin', origin]]))
  return origin
}

async function hasRoom(pool: Pool): Promise<boolean> {
  try {
    const { rows } = await pool.query<{ bytes: string }>('SELECT bytes FROM detection_head')
    return Number(rows[0]?.bytes) < FEED_BYTES_MAX
  } catch {
    return false
  }
}

function rowsBetween(reader: JournalReadFile, from: number, to: number): number {
  let count = 0
  for (let upTo = from; upTo < to;) {
    const page = reader.next(upTo, PAGE_BYTES, to)
    if (page.upTo === upTo) break
    for (const { frame } of page.batches) count += frameRows(frame)
    upTo = page.upTo
  }
  return count
}
