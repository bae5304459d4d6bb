import type { Milliseconds } from 'tokentrail'
import type { Clock } from '../clock.ts'
import type { Log } from '../config/log.ts'
import { TrailError } from '../errors.ts'
import type { Privacy } from '../privacy/privacy.ts'
import type { SubjectKeys } from '../privacy/subject-keys.ts'
import type { Hold, RetentionRun } from '../records/holds.ts'
import type { Records } from '../records/records.ts'
import { drawInNet, heldRows, holdRows, isDue, releaseRows, spreadNet, storedParts, type AgingStore } from '../store/retention.ts'
import { type Due, type Step, stepsOf } from './steps.ts'

/** Takes what is over its time, says what went, and keeps what a hold keeps. */
export interface RetentionEngine {
  /** What a run would take now; changes nothing. */
  due(): Promise<readonly Due[]>
  /** Takes it, one class after the other: each is recorded (711) before it goes. `retention_blocked` while the audit log is halted. */
  run(): Promise<readonly RetentionRun[]>
  close(): Promise<void>
}

export interface RetentionParts {
  readonly records: Records
  readonly store: AgingStore
  readonly privacy: Pick<Privacy, 'destroyExpiredKeys'>
  readonly subjectKeys: Pick<SubjectKeys, 'of'>
  /** Nothing goes while the log cannot be continued: what a restore may need has to stay. */
  readonly audit: { state(): Promise<{ readonly halted: string | null }> }
  readonly clock: Clock
  readonly log: Log
}

const HOUR_MS = 3_600_000
const FIRST_RUN_MS = 120_000
/** Held rows are copied so long before their partition ages, that a server which was away for some days loses none. */
const AHEAD_MS = 7 * 86_400_000

/** Opens the engine; on one server of several it runs two minutes after the start and then once an hour. */
export function startRetention(parts: RetentionParts): RetentionEngine {
  const { records, store, clock, log } = parts
  const leadership = records.lead('retention')
  let running: Promise<readonly RetentionRun[]> | undefined

  async function runOnce(): Promise<readonly RetentionRun[]> {
    await refuseHalted(parts)
    const at = clock.now()
    await records.act('endHolds', { at })
    const holds = await records.read.holds({ at, limit: HOLDS_MAX })
    await copyHeld(store, holds, at)
    const done: RetentionRun[] = []
    for (const step of await stepsOf(parts, holds, at)) done.push(...(await take(parts, step, at)))
    return done
  }

  function run(): Promise<readonly RetentionRun[]> {
    running ??= runOnce().finally(() => (running = undefined))
    return running
  }

  const runLogged = (): void => {
    if (!leadership.isLeading()) return
    run().catch((error: unknown) => log.error({ err: error }, 'retention could not be applied; it is tried again in an hour'))
  }
  const first = setTimeout(() => {
    spreadNet(store).then(runLogged, (error: unknown) => log.warn({ err: error }, 'the net of retention could not be spread'))
  }, FIRST_RUN_MS).unref()
  const timer = setInterval(runLogged, HOUR_MS).unref()

  return {
    due: async () => {
      const at = clock.now()
      const steps = await stepsOf(parts, await records.read.holds({ at, limit: HOLDS_MAX }), at)
      return steps.flatMap(({ dues }) => dues)
    },
    run,
    async close() {
      clearTimeout(first)
      clearInterval(timer)
      await leadership.close()
      await running?.catch(() => undefined)
    },
  }
}

/** Holds that are looked at; one tenant may set far fewer. */
const HOLDS_MAX = 10_000

async function refuseHalted({ audit, store }: RetentionParts): Promise<void> {
  const { halted } = await audit.state()
  await drawInNet(store, halted !== null)
  if (halted === null) return
  throw new TrailError('retention_blocked', `Nothing is taken while the audit log is halted: ${halted}`)
}

/** What holds keep goes into a table of its own before its partition does; what no hold keeps any more leaves it. */
async function copyHeld(store: AgingStore, holds: readonly Hold[], at: Milliseconds): Promise<void> {
  if (holds.length > 0) {
    const aging = (await storedParts(store)).filter((part) => part.table === 'events' && isDue(part, at + AHEAD_MS))
    for (const part of aging)
      for (const hold of holds) if (isTouched(hold, part)) await holdRows(store, { ...hold, hold: hold.id }, part)
  }
  const active = new Set(holds.map(({ id }) => id))
  for (const { tenantNo, hold } of await heldRows(store)) if (!active.has(hold)) await releaseRows(store, tenantNo, hold)
}

function isTouched(hold: Hold, part: { readonly from: Milliseconds; readonly to: Milliseconds }): boolean {
  return (hold.from ?? 0) < part.to && (hold.to ?? Number.POSITIVE_INFINITY) > part.from
}

/** The record first: what could not be recorded does not go. One that then fails to go is recorded again when it does. */
async function take({ records }: RetentionParts, step: Step, at: Milliseconds): Promise<readonly RetentionRun[]> {
  const runs: RetentionRun[] = []
  for (const due of step.dues) {
    const { from, ...rest } = due
    const leaves = from === null ? null : await records.read.leavesBetween(due.tenantNo, { from, to: due.cut })
    runs.push(await records.act('noteRetention', { ...rest, leaves, at }))
  }
  await step.take()
  return runs
}
