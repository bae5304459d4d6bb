import { createHash } from 'node:crypto'
import { setTimeout } from 'node:timers/promises'
import { Client, type ClientConfig } from 'pg'
import type { Log } from '../config/log.ts'

/** A task that one process at a time does. It is about who tries, not about safety: what is written must hold on its own. */
export interface Leadership {
  isLeading(): boolean
  close(): Promise<void>
}

/** How often a process that does not lead asks whether it may, and one that does whether it still can. */
const ASK_MS = 1_000

/** A server that does not answer for so long is taken as gone; the lock goes with the connection. */
const ANSWER_MS_MAX = 3_000
const END_MS_MAX = 1_000

/** A process that is stopped, not dead, keeps its connection: the server ends it (PostgreSQL 14 and later), so that another may lead. */
const IDLE_MS_MAX = 4_000

/** First half of the key of the advisory lock of a task. */
const TASK_LOCK = 0x746f6b6c

/** Stands for a task on a connection of its own, which holds an advisory lock as long as it lives. */
export function leadWith(o: { readonly connection: ClientConfig; readonly task: string; readonly log: Log }): Leadership {
  const key = createHash('sha256').update(o.task).digest().readInt32BE(0)
  const closing = new AbortController()
  let client: Client | undefined
  let leads = false
  const running = run()

  async function run(): Promise<void> {
    while (!closing.signal.aborted) {
      try {
        client ??= await connect()
        const { rows } = await inTime(client.query<{ held: boolean }>(leads ? STILL : TRY, leads ? [] : [TASK_LOCK, key]))
        leads = rows[0]?.held === true
      } catch (error) {
        if (leads) o.log.warn({ cause: String(error), task: o.task }, 'this process leads no more: its connection was lost')
        drop()
      }
      await setTimeout(ASK_MS, undefined, { signal: closing.signal }).catch(() => undefined)
    }
  }

  async function connect(): Promise<Client> {
    const next = new Client(o.connection)
    next.on('error', () => drop())
    next.on('end', () => drop())
    await next.connect()
    await next.query(`SET idle_session_timeout = ${IDLE_MS_MAX}`).catch(() => undefined)
    return next
  }

  function drop(): void {
    const gone = client
    leads = false
    client = undefined
    gone?.end().catch(() => undefined)
  }

  return {
    isLeading: () => leads,
    async close() {
      closing.abort()
      await running
      leads = false
      const last = client
      client = undefined
      if (last) await Promise.race([last.end(), setTimeout(END_MS_MAX)]).catch(() => undefined)
    },
  }
}

const TRY = 'SELECT pg_try_advisory_lock($1, $2) AS held'
const STILL = 'SELECT true AS held'

async function inTime<Value>(query: Promise<Value>): Promise<Value> {
  const done = new AbortController()
  const late = setTimeout(ANSWER_MS_MAX, undefined, { signal: done.signal }).then(() => {
    throw new Error(`no answer within ${ANSWER_MS_MAX} ms`)
  })
  try {
    return await Promise.race([query, late])
  } finally {
    done.abort()
    await Promise.allSettled([late])
  }
}
