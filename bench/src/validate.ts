/**
 * How fast a token is validated in process, with its event in the journal: `node --conditions=source bench/src/validate.ts
 * [--tokens N] [--rounds N] [--seconds N]`. Prints one JSON. Rounds with and without the journal are interleaved; without it the row
 * is still made and handed to a journal that drops it.
 */
import { cpus, tmpdir, totalmem } from 'node:os'
import { mkdtempSync, rmSync } from 'node:fs'
import { join } from 'node:path'
import { setImmediate } from 'node:timers/promises'
import { parseArgs } from 'node:util'
import { formatToken, newTokenId, newTokenSecret } from 'tokentrail'
import { systemClock } from '../../server/src/clock.ts'
import { openJournal } from '../../server/src/journal/open.ts'
import { openPrivacy } from '../../server/src/privacy/pseudonyms.ts'
import { openRecords } from '../../server/src/records/open.ts'
import type { NewToken, Records } from '../../server/src/records/records.ts'
import { bytesOf, sha256 } from '../../server/src/tokens/digests.ts'
import type { Door } from '../../server/src/tokens/door.ts'
import { createDoor } from '../../server/src/tokens/open-door.ts'
import { NO_PEPPERS } from '../../server/src/tokens/peppers.ts'

const { values } = parseArgs({
  options: {
    tokens: { type: 'string', default: '100000' },
    rounds: { type: 'string', default: '5' },
    seconds: { type: 'string', default: '2' },
  },
})
const [tokenCount, rounds, seconds] = [Number(values.tokens), Number(values.rounds), Number(values.seconds)]
const actor = { no: 0, kind: 'system' } as const
const log = { info() {}, warn: console.error, error: console.error }
const folder = mkdtempSync(join(tmpdir(), 'tokentrail-bench-'))
const clock = systemClock

const SCOPES = [['orders:read'], ['orders:read', 'orders:write'], ['orders:read', 'admin']]
const NEEDED = ['orders:read']
const IPS = Array.from({ length: 2000 }, (_, at) => `10.${at % 7}.${Math.floor(at / 250)}.${at % 250}`)
const AGENTS = [
  'curl/8.5.0',
  'python-requests/2.31',
  'Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/120.0.0.0 Safari/537.36',
]
const ROUTES = Array.from({ length: 16 }, (_, at) => `/v1/orders/{id}/part-${at}`)
const BATCH = 500

interface Round {
  readonly perSecond: number
  readonly cpuUsPerOp: number
  readonly p50Us: number
  readonly p99Us: number
  readonly maxUs: number
}

try {
  const records = await openRecords({ file: join(folder, 'records.db'), clock, log })
  const { no: tenantNo } = await records.act('addTenant', { name: 'bench', at: clock.now(), actor })
  const privacy = await openPrivacy({ records, kek: new Uint8Array(32), clock, log })
  await privacy.prepare(tenantNo, clock.now())
  const texts = await importTokens(records, tenantNo)
  const writer = await records.act('leaseWriter', { purpose: 'journal', at: clock.now() })
  const journal = await openJournal({ file: join(folder, 'journal.db'), writer, clock, bytesMax: 4 * 2 ** 30, log })
  const parts = { records, privacy, clock, log, peppers: NO_PEPPERS }
  const before = memory()
  const on = createDoor({ ...parts, journal })
  const warmed = await on.warm(tenantNo)
  const bytesPerToken = Math.round((memory() - before) / warmed)
  const dropped = Promise.resolve('journalled' as const)
  const off = createDoor({ ...parts, journal: { append: () => dropped } })
  await off.warm(tenantNo)
  const measured: { on: Round[]; off: Round[] } = { on: [], off: [] }
  for (const door of [on, off]) await measure(door, tenantNo, texts)
  for (let round = 0; round < rounds; round++) {
    for (const name of round % 2 === 0 ? (['on', 'off'] as const) : (['off', 'on'] as const)) {
      measured[name].push(await measure(name === 'on' ? on : off, tenantNo, texts))
      await journal.flush()
    }
  }
  const conservation = journal.conservation()
  const summary = { on: middle(measured.on), off: middle(measured.off) }
  const machine = {
    cpu: cpus()[0]?.model,
    cores: cpus().length,
    memoryGiB: Math.round(totalmem() / 2 ** 30),
    node: process.version,
  }
  console.log(
    JSON.stringify({
      what: 'judge(): in-process validation of cached tokens, one core, event appended to the journal',
      at: new Date().toISOString(),
      machine,
      tokens: tokenCount,
      warmed,
      bytesPerToken,
      rounds,
      seconds,
      recordingCpuUs: round2(summary.on.cpuUsPerOp - summary.off.cpuUsPerOp),
      summary,
      measured,
      conservation,
    }),
  )
  for (const door of [on, off]) door.close()
  await journal.close()
  privacy.close()
  await records.close()
} finally {
  rmSync(folder, { recursive: true, force: true })
}

/** Tokens of our own form, spread over scopes and owners as an install would have them. */
async function importTokens(records: Records, tenantNo: number): Promise<readonly string[]> {
  const texts: string[] = []
  while (texts.length < tokenCount) {
    const tokens = Array.from({ length: Math.min(5000, tokenCount - texts.length) }, (_, at): NewToken => {
      const [id, secret] = [newTokenId(), newTokenSecret()]
      texts.push(formatToken('ttk', id, secret))
      const scopes = SCOPES[at % SCOPES.length] ?? []
      const own = {
        id,
        ownerId: `service-${at % 500}`,
        digest: bytesOf(sha256(secret)),
        issuedAt: clock.now() - at * 1000,
        scopes,
      }
      return { ...own, tenantNo, kind: 'access', prefix: 'ttk', scheme: 'sha256', expiresAt: clock.now() + 90 * 86_400_000 }
    })
    await records.act('importTokens', { tokens, at: clock.now(), actor })
    for (let left = await records.outbox(5000); left.length > 0; left = await records.outbox(5000))
      await records.act('forgetOutbox', { events: left.map(({ writer, seq }) => ({ writer, seq })) })
  }
  return texts
}

async function measure(door: Door, tenantNo: number, texts: readonly string[]): Promise<Round> {
  const samples = new Float64Array(Math.ceil(seconds * 1_000_000))
  const cpu = process.cpuUsage()
  const start = performance.now()
  let [count, at] = [0, 0]
  while (performance.now() - start < seconds * 1000) {
    for (let i = 0; i < BATCH; i++) {
      at = (at * 1103515245 + 12345) & 0x7fffffff
      const request = requestFor(tenantNo, texts[at % texts.length] ?? '', at)
      const before = performance.now()
      if (!door.judge(request)) throw new Error('not judged at once')
      if (count < samples.length) samples[count] = performance.now() - before
      count++
    }
    await setImmediate()
  }
  const elapsed = (performance.now() - start) / 1000
  const { user, system } = process.cpuUsage(cpu)
  const sorted = samples.subarray(0, Math.min(count, samples.length)).sort()
  const quantile = (q: number) => round2((sorted[Math.floor(q * (sorted.length - 1))] ?? 0) * 1000)
  return {
    perSecond: Math.round(count / elapsed),
    cpuUsPerOp: round2((user + system) / count),
    p50Us: quantile(0.5),
    p99Us: quantile(0.99),
    maxUs: quantile(1),
  }
}

function requestFor(tenantNo: number, token: string, at: number) {
  const ip = IPS[at % IPS.length] ?? ''
  return {
    tenantNo,
    token,
    ip,
    userAgent: AGENTS[(at % IPS.length) % AGENTS.length] ?? '',
    service: 'orders',
    method: 'GET',
    route: ROUTES[at % 16] ?? '',
    scopes: NEEDED,
  }
}

function middle(all: readonly Round[]): Round {
  const pick = (of: (round: Round) => number) => all.map(of).toSorted((a, b) => a - b)[Math.floor(all.length / 2)] ?? 0
  return {
    perSecond: pick((r) => r.perSecond),
    cpuUsPerOp: pick((r) => r.cpuUsPerOp),
    p50Us: pick((r) => r.p50Us),
    p99Us: pick((r) => r.p99Us),
    maxUs: pick((r) => r.maxUs),
  }
}

function memory(): number {
  globalThis.gc?.()
  return process.memoryUsage().heapUsed
}

function round2(value: number): number {
  return Math.round(value * 100) / 100
}
