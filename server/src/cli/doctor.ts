import { createRequire } from 'node:module'
import { totalmem } from 'node:os'
import { Command } from 'commander'
import { call, serverAccess } from './api.ts'
import { EXIT_CODES, Failure } from './exit.ts'
import { duration, paint, say, sayJson } from './print.ts'
import type { ServerOptions } from './api.ts'

/** One thing that was looked at. */
interface Check {
  readonly name: string
  readonly ok: boolean
  readonly found: string
  /** What to do when it is not ok. */
  readonly advice?: string
}

/** The parts of `GET /v1/status` that are judged. */
interface Status {
  readonly version: string
  readonly separation: 'enforced' | 'waived'
  readonly now: number
  readonly watermark: number
  readonly records: { readonly form: string; readonly feedIsFresh: boolean }
  readonly store: {
    readonly form: string
    readonly state: string
    readonly version: string | null
    readonly restarts: number
    readonly lastFailure: string | null
  }
  readonly journal: {
    readonly bytes: number
    readonly bytesMax: number
    readonly batchesWaiting: number
    readonly lastFailure: string | null
  }
  readonly conservation: { readonly received: number; readonly dropped: Readonly<Record<string, number>> }
}

/** `tokentrail doctor` */
export function doctorCommand(): Command {
  return new Command('doctor').description('look for what is wrong, here and at the server').action(doctor)
}

async function doctor(options: ServerOptions & { readonly json?: boolean }): Promise<void> {
  const checks = [...localChecks(), ...(await serverChecks(options))]
  if (options.json) sayJson({ ok: checks.every((check) => check.ok), checks })
  else checks.forEach(sayCheck)
  process.exitCode = checks.every((check) => check.ok) ? EXIT_CODES.ok : EXIT_CODES.failed
}

function sayCheck({ ok, name, found, advice }: Check): void {
  say(`${ok ? paint('green', '✓') : paint('red', '✗')} ${name.padEnd(16)} ${found}`)
  if (!ok && advice) say(`  ${paint('yellow', advice)}`)
}

function localChecks(): Check[] {
  const [major = 0, minor = 0] = process.versions.node.split('.').map(Number)
  const memoryGib = totalmem() / 1024 ** 3
  return [
    {
      name: 'Node',
      ok: major > 22 || (major === 22 && minor >= 13),
      found: process.versions.node,
      advice: 'Tokentrail needs Node 22.13 or newer.',
    },
    {
      name: 'memory',
      ok: memoryGib >= 2,
      found: `${memoryGib.toFixed(1)} GiB`,
      advice: 'The embedded store wants 2 GiB; name a ClickHouse with --store.',
    },
    embeddedStoreCheck(),
  ]
}

function embeddedStoreCheck(): Check {
  try {
    createRequire(import.meta.url).resolve('chdb')
    return { name: 'embedded store', ok: true, found: 'installed' }
  } catch {
    return {
      name: 'embedded store',
      ok: false,
      found: 'not installed',
      advice: 'Run `npm install chdb`, or name a ClickHouse with --store.',
    }
  }
}

async function serverChecks(options: ServerOptions): Promise<Check[]> {
  try {
    const access = serverAccess(options)
    const started = Date.now()
    const status = await call<Status>(access, 'GET', '/v1/status')
    return [
      { name: 'server', ok: true, found: `${status.version} at ${access.url}` },
      ...statusChecks(status, (started + Date.now()) / 2),
    ]
  } catch (error) {
    if (!(error instanceof Failure)) throw error
    return [{ name: 'server', ok: false, found: error.message }]
  }
}

const LAG_MS_MAX = 60_000
const SKEW_MS_MAX = 5000

function statusChecks(status: Status, here: number): Check[] {
  const { store, journal, records, conservation } = status
  const lag = Math.max(0, status.now - status.watermark)
  const skew = Math.abs(status.now - here)
  const lost = Object.values(conservation.dropped).reduce((sum, count) => sum + count, 0)
  const full = journal.bytes / journal.bytesMax
  return [
    {
      name: 'duties',
      ok: true,
      found: status.separation === 'waived' ? 'separation is waived: an admin may do everything alone' : 'separation is enforced',
    },
    {
      name: 'records',
      ok: records.feedIsFresh,
      found: records.form,
      advice: 'The feed of changes is silent: look at the connection to PostgreSQL.',
    },
    {
      name: 'store',
      ok: store.state === 'ready',
      found: `ClickHouse ${store.version ?? ''} ${store.form}, ${store.state}, ${store.restarts} restarts`,
      advice: store.lastFailure ?? 'Validation goes on; events wait in the journal.',
    },
    {
      name: 'journal',
      ok: full < 0.8 && journal.lastFailure === null,
      found: `${(full * 100).toFixed(1)} % full, ${journal.batchesWaiting} batches waiting`,
      advice: journal.lastFailure ?? 'Events wait for the store; look at it, or raise --journal-size.',
    },
    {
      name: 'freshness',
      ok: lag < LAG_MS_MAX,
      found: `${duration(lag)} behind`,
      advice: 'The store does not keep up with what arrives.',
    },
    {
      name: 'nothing lost',
      ok: lost === 0,
      found: `${lost} of ${conservation.received} decisions lost`,
      advice: `By reason: ${JSON.stringify(conservation.dropped)}`,
    },
    {
      name: 'clock',
      ok: skew < SKEW_MS_MAX,
      found: `${duration(skew)} apart from the server`,
      advice: 'Set both clocks by NTP.',
    },
  ]
}
