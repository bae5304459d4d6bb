/**
 * How fast the questions of the overview and of a token's page are answered: `npm run bench -- questions [--events N]
 * [--runs N]`. Prints one JSON. The events are made inside the embedded store: 5,000 tokens and 90 days,
 * four tenants of very different size; the largest is asked. Each question runs twice to warm up and then `--runs` times.
 */
import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { loadavg, tmpdir } from 'node:os'
import { join } from 'node:path'
import { parseArgs } from 'node:util'
import { systemClock } from '../../server/src/clock.ts'
import { openJournal } from '../../server/src/journal/open.ts'
import { createMetrics } from '../../server/src/metrics/metrics.ts'
import { createAsk } from '../../server/src/query/ask.ts'
import { openRecords } from '../../server/src/records/open.ts'
import type { NewToken, Records } from '../../server/src/records/records.ts'
import { migrateStore } from '../../server/src/store/migrate.ts'
import { openStore } from '../../server/src/store/open.ts'
import type { Store } from '../../server/src/store/store.ts'
import { machineFacts, round } from './machine.ts'
import { eventsOfDays } from './questions-events.ts'

const { values } = parseArgs({
  options: {
    events: { type: 'string', default: '1000000' },
    runs: { type: 'string', default: '15' },
  },
})
const [events, runs] = [Number(values.events), Number(values.runs)]
const TOKENS = 5000
const DAYS = 90
const PIECE_DAYS = 15
const DAY = 86_400_000
const HOUR = 3_600_000
const actor = { no: 0, kind: 'system' } as const
const log = { info() {}, warn: console.error, error: console.error }
const folder = mkdtempSync(join(tmpdir(), 'tokentrail-bench-'))
const clock = systemClock

interface Timing {
  readonly question: string
  readonly window: string
  readonly medianMs: number
  readonly p95Ms: number
  /** CPU time of the store process and of this one, for one answer. */
  readonly storeCpuMs: number
  readonly serverCpuMs: number
  readonly rows: number
  readonly samplesMs: readonly number[]
}

const store = await openStore({ dir: folder, memoryBytesMax: 2 ** 31, log })
await migrateStore(store)
const records = await openRecords({ file: join(folder, 'records.db'), clock, log })
const journal = await openJournal({ file: join(folder, 'journal.db'), writer: 1, clock, bytesMax: 2 ** 28, log })
try {
  process.stdout.write(`${JSON.stringify(await measure())}\n`)
} finally {
  await journal.close()
  await records.close()
  await store.close()
  rmSync(folder, { recursive: true, force: true })
}

async function measure(): Promise<object> {
  const machine = machineFacts()
  const { no: tenant } = await records.act('addTenant', { name: 'bench', at: clock.now(), actor })
  const first = await importTokens(records, tenant)
  const loadedIn = await load(tenant, first)
  const timings: Timing[] = []
  for (const each of asks(tenant)) timings.push(await time(each))
  return {
    suite: 'questions',
    machine,
    events,
    tokens: TOKENS,
    days: DAYS,
    runs,
    engine: store.health().version,
    /** Over the last minute; above the cores, wall times are of a busy machine and `storeCpuMs` says more. */
    loadAfter: loadavg()[0],
    load: {
      seconds: loadedIn / 1000,
      eventsPerSecond: Math.round(events / (loadedIn / 1000)),
      note: 'made inside the store, with every roll-up',
    },
    disk: await bytes(store),
    timings,
  }
}

async function importTokens(to: Records, tenantNo: number): Promise<number> {
  const at = clock.now() - 100 * DAY
  let first = 0
  for (let i = 0; i < TOKENS; i += 500) {
    const tokens = Array.from({ length: 500 }, (_, k): NewToken => newToken(tenantNo, i + k, at))
    const { imported } = await to.act('importTokens', { tokens, at, actor })
    first ||= imported[0]?.no ?? 0
  }
  return first
}

function newToken(tenantNo: number, i: number, at: number): NewToken {
  const digest = new Uint8Array(32)
  new DataView(digest.buffer).setUint32(0, i)
  const id = `bench${i.toString().padStart(11, '0')}`
  const issuedAt = at + (i % 97) * DAY
  return {
    tenantNo,
    id,
    kind: 'access',
    prefix: 'ttk',
    ownerId: `owner-${i % 300}`,
    scheme: 'sha256',
    digest,
    issuedAt,
    scopes: ['read', 'write', 'admin'],
  }
}

/** Piece by piece; a piece meets as many partitions as it has days. */
async function load(tenant: number, firstToken: number): Promise<number> {
  const startedAt = performance.now()
  const to = clock.now()
  const start = Math.floor(to / DAY) * DAY - (DAYS - 1) * DAY
  for (let day = 0; day < DAYS; day += PIECE_DAYS) {
    const piece = { from: start + day * DAY, days: PIECE_DAYS, to, count: Math.round((events * PIECE_DAYS) / DAYS), seed: day }
    await store.command(eventsOfDays({ tenant, firstToken, tokens: TOKENS, ...piece }))
  }
  return performance.now() - startedAt
}

async function bytes(of: Store): Promise<object> {
  const { rows } = await of.query<{ name: string; bytes: number; rows: number }>({
    sql: 'SELECT table AS name, sum(bytes_on_disk) AS bytes, sum(rows) AS rows FROM system.parts WHERE active AND database = currentDatabase() GROUP BY name ORDER BY bytes DESC',
    params: {},
  })
  const raw = rows.find(({ name }) => name === 'events')
  const all = rows.reduce((sum, row) => sum + row.bytes, 0)
  return { bytesPerEvent: (raw?.bytes ?? 0) / events, bytesPerEventWithRollups: all / events, tables: rows }
}

interface Asked {
  readonly question: string
  readonly window: string
  run(): Promise<number>
}

function asks(tenant: number): readonly Asked[] {
  const ask = createAsk({ store, records, journal, clock })
  const metrics = createMetrics({ ask, store, records, journal, clock })
  const to = clock.now()
  const token = 'bench00000000007'
  const [d1, d30, d90] = [
    { from: to - DAY, to },
    { from: to - 30 * DAY, to },
    { from: to - 90 * DAY, to },
  ]
  const named = <N extends Parameters<typeof ask>[1]>(
    question: N,
    window: string,
    params: Parameters<typeof ask<N>>[2],
  ): Asked => ({
    question,
    window,
    run: async () => (await ask(tenant, question, params)).rows.length,
  })
  return [
    named('validations-by-step', '1 h by minute', { from: to - HOUR, to, step: 'minute', by: 'class' }),
    named('validations-by-step', '24 h by 5 minutes', { ...d1, step: '5minutes', by: 'class' }),
    named('validations-by-step', '30 d by hour', { ...d30, step: 'hour', by: 'class' }),
    named('validations-by-step', '90 d by day', { ...d90, step: 'day', by: 'reason' }),
    named('totals', '24 h', d1),
    named('totals', '30 d', d30),
    named('totals', '90 d', d90),
    named('rejections-by-reason', '30 d', d30),
    named('latency-by-step', '30 d by hour', { ...d30, step: 'hour' }),
    named('top-tokens', '30 d', { ...d30, limit: 10 }),
    named('top-tokens', '90 d, failed', { ...d90, limit: 10, measure: 'failed' }),
    named('top-networks', '30 d', { ...d30, limit: 10 }),
    named('events-page', '30 d, newest 50', d30),
    named('events-page', '30 d, one reason', { ...d30, reason: 'scope_missing' }),
    named('completeness', '24 h', d1),
    named('token-life-line', 'whole life', { token }),
    named('validations-by-step', '90 d by day, one token', { ...d90, step: 'day', by: 'class', token }),
    named('places-of-token', '30 d', { ...d30, token }),
    named('agents-of-token', '30 d', { ...d30, token }),
    named('routes-of-token', '30 d', { ...d30, token }),
    named('scopes-of-token', '30 d', { ...d30, token }),
    named('uses-after-end', '90 d', { ...d90, token }),
    named('latency-by-step', '30 d by day, one token', { ...d30, step: 'day', token }),
    named('last-used-by-token', '50 tokens', {
      tokens: Array.from({ length: 50 }, (_, i) => `bench${i.toString().padStart(11, '0')}`),
    }),
    {
      question: 'generateTokenMetrics',
      window: '30 d',
      run: async () => (await metrics.generateTokenMetrics(tenant, d30)).notes.length,
    },
    {
      question: 'series',
      window: 'successRate, 30 d by hour',
      run: async () => (await metrics.series(tenant, { ...d30, metric: 'successRate', step: 'hour' })).points.length,
    },
    { question: 'timeline', window: '90 d, one token', run: async () => (await metrics.timeline(tenant, token)).uses.length },
  ]
}

async function time({ question, window, run }: Asked): Promise<Timing> {
  let rows = 0
  for (let i = 0; i < 2; i++) rows = await run()
  const samplesMs: number[] = []
  const [storeBefore, serverBefore] = [storeCpuMs(), process.cpuUsage()]
  for (let i = 0; i < runs; i++) {
    const startedAt = performance.now()
    await run()
    samplesMs.push(Math.round((performance.now() - startedAt) * 100) / 100)
  }
  const server = process.cpuUsage(serverBefore)
  const sorted = samplesMs.toSorted((a, b) => a - b)
  const at = (share: number): number => sorted[Math.min(sorted.length - 1, Math.floor(share * sorted.length))] ?? 0
  return {
    question,
    window,
    medianMs: at(0.5),
    p95Ms: at(0.95),
    storeCpuMs: round((storeCpuMs() - storeBefore) / runs),
    serverCpuMs: round((server.user + server.system) / 1000 / runs),
    rows,
    samplesMs,
  }
}

/** Time that the store process has computed, as Linux counts it: in hundredths of a second. */
function storeCpuMs(): number {
  const facts = readFileSync(`/proc/${store.health().pid}/stat`, 'utf8')
  const [user, system] = facts
    .slice(facts.lastIndexOf(')') + 2)
    .split(' ')
    .slice(11, 13)
    .map(Number)
  return ((user ?? 0) + (system ?? 0)) * 10
}
