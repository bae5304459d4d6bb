import { randomBytes } from 'node:crypto'
import type { Clock } from '../clock.ts'
import type { Log } from '../config/log.ts'
import type { Records } from '../records/records.ts'
import type { Noted } from './audit.ts'

/** What a process says of itself in a heartbeat. */
export interface Beat {
  /** Its journal: who numbers there, and the newest batch that is durable. */
  readonly journal: { readonly writer: number; readonly position: number }
  /** Decisions lost since the start, by reason. */
  readonly lost: Readonly<Record<string, number>>
  /** Last size that each witness has cosigned. */
  readonly witnesses?: readonly { readonly name: string; readonly size: number }[]
}

/** "Nothing happened" is a statement: an entry each minute, from each process. */
const BEAT_MS = 60_000
const WITNESSES_MAX = 16

export function createHeart(o: {
  readonly records: Records
  readonly clock: Clock
  readonly log: Log
  readonly note: (noted: readonly Noted[]) => Promise<void>
  readonly dropped: () => number
  readonly beat?: () => Beat
}): { close(): Promise<void> } {
  const { clock } = o
  const run = randomBytes(6).toString('hex')
  const start = { now: clock.now(), ticks: clock.ticks() }
  let beats = 0
  let running: Promise<void> = Promise.resolve()
  const timer = setInterval(go, BEAT_MS).unref()
  go()

  function go(): void {
    running = beat().catch((error: unknown) => o.log.warn({ err: error }, 'a heartbeat of the audit log was not taken'))
  }

  async function beat(): Promise<void> {
    const at = clock.now()
    const { count, oldestAt } = await o.records.read.logBacklog()
    const { journal, lost, witnesses = [] } = o.beat?.() ?? { journal: { writer: 0, position: 0 }, lost: {} }
    const shown = {
      run,
      journal,
      lost,
      dropped: o.dropped(),
      waiting: count,
      lagMs: oldestAt === null ? 0 : Math.max(0, at - oldestAt),
      clock: { source: 'system', driftMs: Math.round(at - start.now - (clock.ticks() - start.ticks) / 1000) },
      witnesses: witnesses.slice(0, WITNESSES_MAX),
    }
    await o.note([{ type: 'log.heartbeat', id: `log_heartbeat_${run}_${beats++}`, tenantNo: 0, at, shown }])
  }

  return {
    async close() {
      clearInterval(timer)
      await running
    },
  }
}
