/**
 * The witness and the hashing under it: `npm run bench -- witness [--seconds N] [--lanes N]`. Checkpoints of many logs come over HTTP,
 * each log one after the other as the protocol wants it; every answer rests on a synced write. The logs that ask run in the same process and count as its processor time.
 */
import { createHash } from 'node:crypto'
import { once } from 'node:events'
import { mkdtempSync, rmSync } from 'node:fs'
import type { AddressInfo } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { parseArgs } from 'node:util'
import { createEdge, createTreeHash, formatHashes, signCheckpoint } from 'tokentrail/log'
import type { NoteSigner } from 'tokentrail/log'
import { TREE } from '../../server/src/audit/crypto.ts'
import { makeLogKey } from '../../server/src/audit/keys.ts'
import { openWitnessMemory } from '../../server/src/audit/witness/memory.ts'
import { createWitnessServer } from '../../server/src/audit/witness/serve.ts'
import { createWitness } from '../../server/src/audit/witness/witness.ts'
import { systemClock as clock } from '../../server/src/clock.ts'
import { machineFacts, percentilesOf, round } from './machine.ts'

const { values } = parseArgs({ options: { seconds: { type: 'string', default: '8' }, lanes: { type: 'string', default: '8' } } })
const [seconds, lanes] = [Number(values.seconds), Number(values.lanes)]
const machine = machineFacts()
const startedAt = Date.now()
const log = { info() {}, warn: console.error, error: console.error }

const folder = mkdtempSync(join(tmpdir(), 'tokentrail-bench-'))
try {
  const hashing = { leavesPerCpuSecond: hashingRate(TREE), byCreateHashPerCpuSecond: hashingRate(createTreeHash(byCreateHash)) }
  const witness = await cosigning()
  process.stdout.write(
    `${JSON.stringify({ suite: 'witness', startedAt, durationMs: Date.now() - startedAt, machine, seconds, lanes, hashing, witness })}\n`,
  )
} finally {
  rmSync(folder, { recursive: true, force: true })
}

/** Entries of 400 bytes, hashed and put into a tree, for each second that the processor gave us: others may have the rest. */
function hashingRate(tree: typeof TREE): number {
  const before = process.cpuUsage()
  const entry = Buffer.alloc(400, 'entry ')
  const edge = createEdge(tree)
  const until = performance.now() + (seconds / 4) * 1000
  while (performance.now() < until) {
    for (let each = 0; each < 1000; each++) edge.append(tree.leaf(entry))
  }
  return round(Number(edge.size) / cpuSecondsSince(before))
}

function cpuSecondsSince(before: NodeJS.CpuUsage): number {
  const { user, system } = process.cpuUsage(before)
  return (user + system) / 1e6
}

function byCreateHash(bytes: Uint8Array): Uint8Array {
  return new Uint8Array(createHash('sha256').update(bytes).digest())
}

/** `lanes` logs grow by doubling, so that each proof is one that a log would send. */
async function cosigning(): Promise<object> {
  const logs = Array.from(
    { length: lanes },
    (_, at) => makeLogKey(join(folder, `log-${at}`), `log.example/${at}`, 'ed25519').signer,
  )
  const { signer } = makeLogKey(join(folder, 'witness'), 'witness.example/bench', 'cosignature')
  const memory = openWitnessMemory(join(folder, 'witness.sqlite'))
  const server = createWitnessServer(createWitness({ logs: logs.map(({ key }) => key), signer, memory, clock }), log)
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}/add-checkpoint`
  const latencies: number[] = []
  const before = process.cpuUsage()
  try {
    await Promise.all(logs.map((each) => growLane(each, url, latencies)))
  } finally {
    server.closeAllConnections()
    server.close()
    memory.close()
  }
  const cosignedPerCpuSecond = round(latencies.length / cpuSecondsSince(before))
  return { cosignedPerSecond: round(latencies.length / seconds), cosignedPerCpuSecond, latencyMs: percentilesOf(latencies) }
}

/** From 1 leaf to 2 to 3 …: the proof from `size` to `size + 1` is the compact range of `size`, and the new leaf. */
async function growLane(signer: NoteSigner, url: string, latencies: number[]): Promise<void> {
  const edge = createEdge(TREE)
  const until = performance.now() + seconds * 1000
  for (let old = 0; performance.now() < until; old++) {
    const proof = proofOfOneMore(edge.hashes, old)
    edge.append(TREE.leaf(Buffer.from(`entry ${old}`)))
    const note = await signCheckpoint({ origin: signer.key.name, size: old + 1, root: edge.root() }, signer)
    const body = `${[`old ${old}`, ...formatHashes(proof)].join('\n')}\n\n${note}`
    const begun = performance.now()
    const answer = await fetch(url, { method: 'POST', body })
    const text = await answer.text()
    latencies.push(performance.now() - begun)
    if (answer.status !== 200) throw new Error(`the witness answered ${answer.status}: ${text}`)
  }

  function proofOfOneMore(hashes: readonly Uint8Array[], size: number): Uint8Array[] {
    if (size === 0) return []
    const leaf = TREE.leaf(Buffer.from(`entry ${size}`))
    const smallest = hashes.at(-1) ?? TREE.empty
    const left = hashes.slice(0, -1).toReversed()
    return (size & (size - 1)) === 0 ? [leaf] : [smallest, leaf, ...left]
  }
}
