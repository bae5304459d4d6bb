/** How fast a log is verified, in how much memory, by us and by the independent program: `npm run bench -- verify [--entries N] [--runs N]`. */
import { spawnSync } from 'node:child_process'
import { join } from 'node:path'
import { parseArgs } from 'node:util'
import { readTrust } from 'tokentrail/verify'
import { LOG_CRYPTO } from '../../server/src/audit/crypto.ts'
import { verifyLog } from '../../server/src/audit/verify/verify-log.ts'
import { hasGo, openIndependent } from '../../server/test/audit/verify/independent.ts'
import { filledEntry, madeSigner, makeLog, ORIGIN } from '../../test/whole/made-log.ts'
import { temporaryFolder } from '../../test/whole/running-server.ts'
import { machineFacts, round } from './machine.ts'

const { values } = parseArgs({
  options: { entries: { type: 'string', default: '1000000' }, runs: { type: 'string', default: '3' }, only: { type: 'string' } },
})
const key = madeSigner(ORIGIN).vkey
if (values.only === undefined) await measure()
else await once(values.only)

/** One verification in a process of its own, so that its memory is its own. */
async function once(directory: string): Promise<void> {
  const started = performance.now()
  const found = await verifyLog({ directory, trust: readTrust(LOG_CRYPTO, key), older: [] })
  const seconds = round((performance.now() - started) / 1000)
  const { userCPUTime, systemCPUTime, maxRSS } = process.resourceUsage()
  const cpuSeconds = round((userCPUTime + systemCPUTime) / 1e6)
  process.stdout.write(JSON.stringify({ isGood: found.isGood, seconds, cpuSeconds, memoryMiB: Math.round(maxRSS / 1024) }))
}

async function measure(): Promise<void> {
  const machine = machineFacts()
  const entries = Number(values.entries)
  const folder = temporaryFolder()
  try {
    const sizes = [Math.round(entries / 10), entries]
    const logs = []
    for (const size of sizes) logs.push(await measureSize(join(folder.path, String(size)), size))
    process.stdout.write(
      `${JSON.stringify({ suite: 'verify', machine, bar: '300,000 entries/s; a million in 5 s; memory that does not grow', logs })}\n`,
    )
  } finally {
    folder.remove()
  }
}

async function measureSize(directory: string, entries: number): Promise<object> {
  await makeLog(directory, entries, { entry: filledEntry })
  const runs = Array.from({ length: Number(values.runs) }, () => inOwnProcess(directory))
  const best = Math.min(...runs.map(({ seconds }) => seconds))
  return {
    entries,
    bestSeconds: best,
    entriesPerSecond: Math.round(entries / best),
    runs,
    independent: await independently(directory),
  }
}

function inOwnProcess(directory: string): { seconds: number; cpuSeconds: number; memoryMiB: number; isGood: boolean } {
  const child = spawnSync(process.execPath, [...process.execArgv, new URL(import.meta.url).pathname, '--only', directory], {
    encoding: 'utf8',
  })
  if (child.status !== 0) throw new Error(child.stderr)
  return JSON.parse(child.stdout)
}

async function independently(directory: string): Promise<object | null> {
  if (!hasGo()) return null
  const go = openIndependent(['-key', key])
  const started = performance.now()
  const answer = await go.ask(directory)
  const seconds = round((performance.now() - started) / 1000)
  go.close()
  return { answer: answer.slice(0, 2), seconds }
}
