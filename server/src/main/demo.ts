import { performance } from 'node:perf_hooks'
import { TrailError } from '../errors.ts'
import { plantDemo, startLiveTraffic } from '../simulate/plant.ts'
import type { Clock } from '../clock.ts'
import type { Log } from '../config/log.ts'
import type { Journal } from '../journal/journal.ts'
import type { Privacy } from '../privacy/privacy.ts'
import type { Records, Tenant } from '../records/records.ts'
import type { Door } from '../tokens/door.ts'

interface DemoOptions {
  readonly records: Records
  readonly journal: Journal
  readonly door: Door
  readonly privacy: Privacy
  readonly clock: Clock
  readonly log: Log
  readonly tenant: Tenant
  /** Hears of the progress. */
  readonly say: (line: string) => void
}

/** The same demo for everybody. */
const SEED = 2026
/** Longer nobody waits for a page: what is missing then arrives while they look. */
const SHIPPED_MS_MAX = 8_000

/** Plants the history, waits until it can be seen, and goes on with live traffic until closed. */
export async function startDemo(options: DemoOptions): Promise<{ close(): Promise<void> }> {
  const { journal, door, clock, log, say } = options
  await refuseUsedData(options)
  const started = performance.now()
  say('Planting a simulated tenant with 30 days of history …')
  const planted = await plantDemo({ ...options, seed: SEED, signal: new AbortController().signal })
  await journal.shipped(SHIPPED_MS_MAX).catch(() => say('The store is still taking the history; the pages fill meanwhile.'))
  say(
    `Planted ${planted.events.toLocaleString('en-US')} events and ${planted.incidents.length} incidents in ${((performance.now() - started) / 1000).toFixed(1)} s.`,
  )
  const traffic = startLiveTraffic({ door, clock, log, planted })
  return { close: traffic.stop }
}

/** The simulated callers know their tokens' texts from planting alone, so the demo cannot go on where another ended. */
async function refuseUsedData({ records, tenant }: DemoOptions): Promise<void> {
  const tokens = await records.read.tokens({ tenantNo: tenant.no }, { limit: 2 })
  if (tokens.length < 2) return
  throw new TrailError(
    'config_invalid',
    'The demo wants empty data. Leave out --data, or open what is there with: tokentrail start --data',
    { input: 'data' },
  )
}
