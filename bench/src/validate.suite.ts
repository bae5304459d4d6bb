/**
 * How fast a token is validated in process, with its event in the journal: `npm run bench -- validate [--tokens N]
 * [--rounds N] [--seconds N]`. Prints one JSON. Rounds with and without the journal are interleaved; without it the row
 * is still made and handed to a journal that drops it.
 */
import { tmpdir } from 'node:os'
import { mkdtempSync, rmSync } from 'node:fs'
import { join } from 'node:path'
import { setImmediate } from 'node:timers/promises'
import { parseArgs } from 'node:util'
import { formatToken, newTokenId, newTokenSecret } from 'tokentrail'
import { systemClock } from '../../server/src/clock.ts'
import { openJournal } from '../../server/src/journal/open.ts'
import { openPrivacy } from '../../server/src/privacy/pseudonyms.ts'
import { openRecords } from '../../server/src/records/open.ts'
import type { Records, TokenRecord } from '../../server/src/records/records.ts'
import { bytesOf, sha256 } from '../../server/src/tokens/digests.ts'
import type { Door } from '../../server/src/tokens/door.ts'
import { createDoor } from '../../server/src/tokens/open-door.ts'
import { NO_PEPPERS } from '../../server/src/tokens/peppers.ts'
import { machineFacts } from './machine.ts'

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
  /** CPU time of the validating thread alone, and what one core would do at that rate: what counts when others share the machine. */
  readonly threadCpuUsPerOp: number
  readonly perCoreSecond: number
  /** CPU time of the whole process, the journal's thread included. */
  readonly cpuUsPerOp: number
  readonly p50Us: number
  readonly p99Us: number
  readonly maxUs: number
}

const machine = machineFacts()
try {
  const records = await openRecords({ file: join(folder, 'records.db'), clock, log })
  const { no: tenantNo } = await records.act('addTenant', { name: 'bench', at: clock.now(), actor })
  const privacy = await openPrivacy({ records, kek: new Uint8Array(32), clock, log })
  await privacy.prepare(tenantNo, clock.now())
  const many = await manyTokens(records, tenantNo)
  const writer = await records.act('leaseWriter', { purpose: 'journal', at: clock.now() })
  const journal = await openJournal({ file: join(folder, 'journal.db'), writer, clock, bytesMax: 4 * 2 ** 30, log })
  const parts = { records: many.records, privacy, clock, log, peppers: NO_PEPPERS }
  const before = memory()
  let isRecording = true
  const dropped = Promise.resolve('journalled' as const)
  const door = createDoor({ ...parts, journal: { append: (row) => (isRecording ? journal.append(row) : dropped) } })
  const warmed = await door.warm(tenantNo)
  const bytesPerToken = Math.round((memory() - before) / warmed)
  const measured: { on: Round[]; off: Round[] } = { on: [], off: [] }
  await measure(door, tenantNo, many.texts)
  for (let round = 0; round < rounds; round++) {
    for (const name of round % 2 === 0 ? (['on', 'off'] as const) : (['off', 'on'] as const)) {
      isRecording = name === 'on'
      measured[name].push(await measure(door, tenantNo, many.texts))
      await journal.flush()
    }
  }
  const conservation = journal.conservation()
  const summary = { on: middle(measured.on), off: middle(measured.off) }
  console.log(
    JSON.stringify({
      suite: 'validate',
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
  door.close()
  await journal.close()
  privacy.close()
  await records.close()
} finally {
  rmSync(folder, { recursive: true, force: true })
}

/**
 * Copies of one real record, each with its own id, secret, owner and times, as pages that the door reads when it warms: a
 * million of them would take minutes to issue one by one, and the door sees no difference.
 */
async function manyTokens(records: Records, tenantNo: number): Promise<{ texts: readonly string[]; records: Records }> {
  const own = {
    id: newTokenId(),
    kind: 'access',
    prefix: 'ttk',
    scheme: 'sha256',
    digest: new Uint8Array(32),
    issuedAt: clock.now(),
  } as const
  const { token } = await records.act('issueToken', { token: { ...own, tenantNo, ownerId: 'service' }, at: clock.now(), actor })
  const texts = Array.from({ length: tokenCount }, () => formatToken('ttk', newTokenId(), newTokenSecret()))
  const page = (before: number, limit: number): TokenRecord[] =>
    Array.from({ length: Math.min(limit, before - 1) }, (_, at) => {
      const no = before - 1 - at
      const [, id = '', tail = ''] = texts[no - 1]?.split('_') ?? []
      const times = { issuedAt: clock.now() - no, knownSince: clock.now() - no, expiresAt: clock.now() + 90 * 86_400_000 + no }
      const owner = { ownerNo: no % 500, ownerId: `service-${no % 500}` }
      return {
        ...token,
        ...times,
        ...owner,
        no,
        id,
        familyNo: no,
        digest: bytesOf(sha256(tail.slice(0, 43))),
        scopes: [...(SCOPES[no % SCOPES.length] ?? [])],
      }
    })
  const tokens: Records['read']['tokens'] = (_, { before = tokenCount + 1, limit }) => Promise.resolve(page(before, limit))
  return { texts, records: { ...records, read: { ...records.read, tokens } } }
}

async function measure(door: Door, tenantNo: number, texts: readonly string[]): Promise<Round> {
  const samples = new Float64Array(Math.ceil(seconds * 1_000_000))
  const [cpu, thread] = [process.cpuUsage(), process.threadCpuUsage()]
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
  const own = process.threadCpuUsage(thread)
  const threadUs = (own.user + own.system) / count
  const sorted = samples.subarray(0, Math.min(count, samples.length)).sort()
  const quantile = (q: number) => round2((sorted[Math.floor(q * (sorted.length - 1))] ?? 0) * 1000)
  return {
    perSecond: Math.round(count / elapsed),
    threadCpuUsPerOp: round2(threadUs),
    perCoreSecond: Math.round(1e6 / threadUs),
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
    threadCpuUsPerOp: pick((r) => r.threadCpuUsPerOp),
    perCoreSecond: pick((r) => r.perCoreSecond),
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
