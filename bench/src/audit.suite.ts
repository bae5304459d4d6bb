/**
 * Critical writes through the transaction while the log is sequenced, published and signed: `npm run bench -- audit [--rate N]
 * [--seconds N] [--rounds N]`. Open loop: latency counts from when a write was due. Rounds with and without the log are interleaved.
 */
import { randomBytes } from 'node:crypto'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout } from 'node:timers/promises'
import { parseArgs } from 'node:util'
import { systemDisk } from '../../server/src/audit/disk.ts'
import { fsck } from '../../server/src/audit/fsck.ts'
import { openAudit } from '../../server/src/audit/open.ts'
import { systemClock as clock } from '../../server/src/clock.ts'
import { createSeal } from '../../server/src/privacy/seal.ts'
import { openSubjectKeys } from '../../server/src/privacy/subject-keys.ts'
import { createKeyEncryption } from '../../server/src/privacy/wrap.ts'
import { openRecords } from '../../server/src/records/open.ts'
import type { NewToken, Records } from '../../server/src/records/records.ts'
import { machineFacts, percentilesOf, round } from './machine.ts'

const { values } = parseArgs({
  options: {
    rate: { type: 'string', default: '1000' },
    seconds: { type: 'string', default: '10' },
    rounds: { type: 'string', default: '2' },
    owners: { type: 'string', default: '1000' },
  },
})
const [rate, seconds, rounds, owners] = [values.rate, values.seconds, values.rounds, values.owners].map(Number) as [
  number,
  number,
  number,
  number,
]
const actor = { no: 0, kind: 'system' } as const
const log = { info() {}, warn: console.error, error: console.error }
const machine = machineFacts()
const startedAt = Date.now()

/** As many writes at once as one group may hold: what the transaction carries at most. */
const CEILING_LOOPS = 128

interface Measured {
  readonly perSecond: number
  readonly latencyMs: ReturnType<typeof percentilesOf>
  /** How long a committed event waited for its place, sampled. */
  readonly lagMs?: ReturnType<typeof percentilesOf>
  readonly refused: number
  /** CPU of all threads of the process for one write, the generator's own included. */
  readonly cpuUs: number
}

const measured = { on: [] as Measured[], off: [] as Measured[], ceiling: [] as Measured[] }
let checked: object = {}
for (let each = 0; each < rounds; each++) {
  for (const name of each % 2 === 0 ? (['off', 'on'] as const) : (['on', 'off'] as const)) {
    measured[name].push(await inFolder(name === 'on', (records, tenantNo) => openLoop(records, tenantNo, name === 'on')))
  }
  measured.ceiling.push(await inFolder(true, closedLoop))
}
process.stdout.write(
  `${JSON.stringify({ suite: 'audit', goal: '1,000/s, p99 ≤ 10 ms', startedAt, durationMs: Date.now() - startedAt, machine, rate, seconds, owners, checked, ...measured })}\n`,
)

async function inFolder(withLog: boolean, work: (records: Records, tenantNo: number) => Promise<Measured>): Promise<Measured> {
  const folder = mkdtempSync(join(tmpdir(), 'tokentrail-bench-'))
  const records = await openRecords({ file: join(folder, 'records.db'), clock, log })
  const { no } = await records.act('addTenant', { name: 'bench', at: clock.now(), actor })
  const kek = createKeyEncryption(() => [new Uint8Array(32)])
  const keys = await openSubjectKeys({ file: join(folder, 'subject-keys.db'), kek })
  const dir = join(folder, 'audit')
  const seal = createSeal({ keys })
  const audit = withLog
    ? await openAudit({ records, dir, keyFile: join(folder, 'log-key'), clock, log, seal, version: 'bench' })
    : undefined
  try {
    const result = await work(records, no)
    if (audit) {
      await audit.flush(60_000)
      checked = await fsck({ dir, disk: systemDisk, read: records.read })
    }
    return result
  } finally {
    await audit?.close()
    await keys.close()
    await records.close()
    rmSync(folder, { recursive: true, force: true })
  }
}

function write(records: Records, tenantNo: number, no: number): Promise<unknown> {
  const token: NewToken = {
    tenantNo,
    kind: 'access',
    prefix: 'ttk',
    scheme: 'sha256',
    issuedAt: clock.now(),
    id: randomBytes(8).toString('hex'),
    ownerId: `svc-${no % owners}`,
    digest: randomBytes(32),
  }
  return records.act('issueToken', { token, at: clock.now(), actor })
}

async function openLoop(records: Records, tenantNo: number, withLog: boolean): Promise<Measured> {
  const count = rate * seconds
  const latencies = new Float64Array(count)
  const lags: number[] = []
  const started = performance.now()
  const cpu = process.cpuUsage()
  let [refused, isDone] = [0, false]
  const sampling = withLog ? sample(records, lags, () => isDone) : Promise.resolve()
  const running: Promise<void>[] = []
  for (let no = 0; no < count;) {
    const due = Math.min(count, Math.floor(((performance.now() - started) * rate) / 1000))
    for (; no < due; no++) running.push(timed(no, started + (no * 1000) / rate))
    await setTimeout(1)
  }
  await Promise.all(running)
  const tookMs = performance.now() - started
  isDone = true
  await sampling
  return {
    perSecond: round(((count - refused) * 1000) / tookMs),
    latencyMs: percentilesOf(latencies),
    ...(withLog && { lagMs: percentilesOf(lags) }),
    refused,
    cpuUs: cpuUs(cpu, count),
  }

  async function timed(no: number, due: number): Promise<void> {
    try {
      await write(records, tenantNo, no)
    } catch {
      refused += 1
    }
    latencies[no] = performance.now() - due
  }
}

async function closedLoop(records: Records, tenantNo: number): Promise<Measured> {
  const latencies: number[] = []
  const started = performance.now()
  const cpu = process.cpuUsage()
  const loops = Array.from({ length: CEILING_LOOPS }, async () => {
    while (performance.now() - started < seconds * 1000) {
      const at = performance.now()
      await write(records, tenantNo, latencies.length)
      latencies.push(performance.now() - at)
    }
  })
  await Promise.all(loops)
  const perSecond = round((latencies.length * 1000) / (performance.now() - started))
  return { perSecond, latencyMs: percentilesOf(latencies), refused: 0, cpuUs: cpuUs(cpu, latencies.length) }
}

function cpuUs(since: NodeJS.CpuUsage, writes: number): number {
  const { user, system } = process.cpuUsage(since)
  return round((user + system) / writes)
}

async function sample(records: Records, lags: number[], isDone: () => boolean): Promise<void> {
  while (!isDone()) {
    const { oldestAt } = await records.read.logBacklog()
    lags.push(oldestAt === null ? 0 : Math.max(0, clock.now() - oldestAt))
    await setTimeout(50)
  }
}
