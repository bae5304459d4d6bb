/**
 * What the entity detectors cost: `npm run bench -- detection-cost [--tokens N]`. CPU time per event for tokens that are new, hot and cold,
 * and for failures of many sources; memory of a table of so many tokens; a checkpoint of it. Prints one JSON.
 */
import { mkdtempSync, rmSync, statSync } from 'node:fs'
import { loadavg, tmpdir } from 'node:os'
import { join } from 'node:path'
import { parseArgs } from 'node:util'
import { readCheckpoint, writeCheckpoint } from '../../server/src/detect/checkpoint.ts'
import { createEntityDetectors } from '../../server/src/detect/entity/detectors.ts'
import { blankEvent, type EventRow } from '../../server/src/event/row.ts'
import { machineFacts, round } from './machine.ts'

const { values } = parseArgs({ options: { tokens: { type: 'string', default: '1000000' } } })
const tokens = Number(values.tokens)
const PIECE = 50_000
const START = Date.UTC(2026, 0, 5)
const DAY = 86_400_000
const CLIENTS = ['curl', 'Go', 'Requests', 'Node', 'Java']
const MIB = 2 ** 20

const detectors = createEntityDetectors({ limits: { tokensMax: tokens } })
let [state, seq, found] = [12_345, 0, 0]

const microsPerEvent = {
  new: cost(tokens, (i) => use(i + 1, START + i)),
  hot: cost(500_000, (i) => use(1 + below(1000), START + DAY + i)),
  cold: cost(500_000, (i) => use(1 + below(tokens), START + 2 * DAY + i)),
  failures: cost(200_000, (i) => failure(START + 3 * DAY + i)),
}
const folder = mkdtempSync(join(tmpdir(), 'tokentrail-bench-'))
const checkpoint = timeCheckpoint(join(folder, 'checkpoint'))
rmSync(folder, { recursive: true, force: true })
process.stdout.write(
  `${JSON.stringify({
    ...machineFacts(),
    load: loadavg().map(round),
    tokens,
    microsPerEvent,
    tablesMiB: round(detectors.bytes / MIB),
    arrayBuffersMiB: round(process.memoryUsage().arrayBuffers / MIB),
    checkpoint,
    found,
  })}\n`,
)

/** CPU time for each event, without that of making them. */
function cost(count: number, make: (i: number) => EventRow): number {
  let micros = 0
  for (let from = 0; from < count; from += PIECE) {
    const events = Array.from({ length: Math.min(PIECE, count - from) }, (_, i) => make(from + i))
    const before = process.cpuUsage()
    for (const event of events) detectors.see(event, () => found++)
    const { user, system } = process.cpuUsage(before)
    micros += user + system
  }
  return round(micros / count)
}

function timeCheckpoint(path: string): object {
  const started = performance.now()
  writeCheckpoint(path, { position: 1, receivedAt: 1, state: detectors.snapshot() })
  const written = performance.now()
  detectors.restore(readCheckpoint(path)?.state)
  return { writeMs: round(written - started), readMs: round(performance.now() - written), MiB: round(statSync(path).size / MIB) }
}

function use(token: number, at: number): EventRow {
  const event = Object.assign(blankEvent(), { tenant: 1 + (token % 20), writer: 7, seq: ++seq, type: 201, outcome: 1, reason: 1 })
  Object.assign(event, { kind: 1, population: 1, tokenNo: token, ownerNo: 1 + (token % 20_000), occurredAt: at })
  const network = (BigInt((token * 7) % 50_000) + 1n) * 1_234_567_891n
  return Object.assign(event, { network, client: CLIENTS[token % 5] ?? '', scope: 'orders:read', route: '/orders/{id}' })
}

function failure(at: number): EventRow {
  const fingerprint = new Uint8Array(16)
  new DataView(fingerprint.buffer).setUint32(0, below(2 ** 32))
  const event = Object.assign(blankEvent(), {
    tenant: 1,
    writer: 7,
    seq: ++seq,
    type: 201,
    outcome: 2,
    reason: 13,
    population: 2,
  })
  return Object.assign(event, { occurredAt: at, fingerprint, network: BigInt(1 + below(2000)), client: 'Go' })
}

function below(bound: number): number {
  state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0
  return Math.floor((state / 2 ** 32) * bound)
}
