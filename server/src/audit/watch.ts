import type { Milliseconds } from 'tokentrail'
import type { Clock } from '../clock.ts'
import type { Log } from '../config/log.ts'
import type { AnchoredLog } from './anchors/anchors.ts'

/** One thing that the audit log needs and that does not work. */
export interface AuditTrouble {
  /** `checkpoint`: nothing new is signed and published. `anchor <name>`: a witness or copy does not take checkpoints. `halted`. `comparison`: what the night found. */
  readonly what: string
  /** Since when it has not worked. */
  readonly since: Milliseconds
  readonly why: string
}

/** How the log fares, for readiness and figures: known without asking anything. */
export interface AuditHealth {
  /** What has not worked for longer than a minute. */
  readonly troubles: readonly AuditTrouble[]
  /** Age of the last checkpoint, ms; null before the first. */
  readonly checkpointAgeMs: number | null
  /** Entries that wait for their place, or stand under no checkpoint yet. */
  readonly uncovered: number
}

export interface AuditWatch {
  health(): AuditHealth
  /** Looks now; for tests and for who cannot wait. */
  look(): Promise<void>
  close(): void
}

const LOOK_MS = 5000
/** How long something may not work before it is an alarm. */
const PATIENCE_MS = 60_000

/**
 * Watches what actions do not wait for: signer, tiles, witnesses. They go on when one of these is down; after a minute somebody must
 * know.
 */
export function watchAudit(o: {
  audit: Pick<AnchoredLog, 'state' | 'anchors'>
  /** What the nightly comparison found wrong, else null. */
  nightly?: () => string | null
  clock: Clock
  log: Log
  /** An alarm began, or is over. */
  onChange?: (trouble: AuditTrouble, isOver: boolean) => void
}): AuditWatch {
  const { audit, clock, log } = o
  const since = new Map<string, Milliseconds>()
  let health: AuditHealth = { troubles: [], checkpointAgeMs: null, uncovered: 0 }
  let looking: Promise<void> | undefined

  async function observe(): Promise<void> {
    const now = clock.now()
    const { found, checkpointAt, uncovered } = await observed()
    for (const what of since.keys()) if (!found.has(what)) since.delete(what)
    for (const what of found.keys()) if (!since.has(what)) since.set(what, now)
    const troubles = [...found].flatMap(([what, why]) => {
      const begun = since.get(what) ?? now
      return now - begun >= PATIENCE_MS ? [{ what, since: begun, why }] : []
    })
    tell(health.troubles, troubles)
    health = { troubles, checkpointAgeMs: checkpointAt === null ? null : Math.max(0, now - checkpointAt), uncovered }
  }

  /** What does not work at this moment, by what and why. */
  async function observed(): Promise<{ found: Map<string, string>; checkpointAt: Milliseconds | null; uncovered: number }> {
    const found = new Map<string, string>()
    for (const { name, failure } of audit.anchors()) if (failure !== null) found.set(`anchor ${name}`, failure)
    const wrong = o.nightly?.() ?? null
    if (wrong !== null) found.set('comparison', wrong)
    try {
      const { checkpoint, waiting, size, failure, halted } = await audit.state()
      const uncovered = waiting + Math.max(0, size - (checkpoint?.size ?? 0))
      if (halted !== null) found.set('halted', halted)
      if (failure !== null) found.set('checkpoint', failure)
      else if (uncovered > 0 && isLate(checkpoint?.at ?? null)) found.set('checkpoint', 'No checkpoint covers what was recorded.')
      return { found, checkpointAt: checkpoint?.at ?? null, uncovered }
    } catch (error) {
      found.set('checkpoint', (error as Error).message)
      return { found, checkpointAt: null, uncovered: health.uncovered }
    }
  }

  /** New entries come at least with every heartbeat, and a checkpoint soon after. */
  function isLate(at: Milliseconds | null): boolean {
    return at === null || clock.now() - at > PATIENCE_MS
  }

  function tell(before: readonly AuditTrouble[], after: readonly AuditTrouble[]): void {
    const has = (list: readonly AuditTrouble[], { what }: AuditTrouble): boolean => list.some((each) => each.what === what)
    for (const trouble of after.filter((each) => !has(before, each))) {
      log.error({ ...trouble }, 'The audit log is in trouble: actions go on, but are not under a witnessed checkpoint')
      o.onChange?.(trouble, false)
    }
    for (const trouble of before.filter((each) => !has(after, each))) {
      log.info({ what: trouble.what }, 'The audit log works again')
      o.onChange?.(trouble, true)
    }
  }

  function look(): Promise<void> {
    looking ??= observe().finally(() => (looking = undefined))
    return looking
  }

  const timer = setInterval(() => void look(), LOOK_MS).unref()
  return { health: () => health, look, close: () => clearInterval(timer) }
}
