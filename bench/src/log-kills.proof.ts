/** Processes that share one log, killed at random: `npm run proof -- log-kills [--seconds N] [--seed N]`. The driver's ledger is the oracle. */
import { parseArgs } from 'node:util'
import { killLogNodes } from '../../server/test/audit/log-kills.ts'
import { createRandom } from '../../server/src/simulate/random.ts'
import { createDatabase, startPostgres } from '../../test/postgres.ts'
import { machineFacts } from './machine.ts'

const { values } = parseArgs({ options: { seconds: { type: 'string', default: '300' }, seed: { type: 'string', default: '1' } } })
const forMs = Number(values.seconds) * 1000
const machine = machineFacts()
const startedAt = Date.now()
const postgres = await startPostgres({ durable: true })
try {
  const database = await createDatabase(postgres.url)
  const random = createRandom(values.seed).next
  const four = await killLogNodes({ url: database.url, nodes: 4, forMs, killEveryMs: 5_000, random })
  const one = await killLogNodes({ nodes: 1, forMs: forMs / 5, killEveryMs: 2_000, random })
  const wrong = [four, one].reduce(
    (sum, { missing, forks, differences }) => sum + missing.length + forks.length + differences.length,
    0,
  )
  const promise = 'one history, and no acknowledged critical event is lost, whenever processes are killed'
  process.stdout.write(
    `${JSON.stringify({ suite: 'log-kills', promise, status: wrong === 0 ? 'pass' : 'fail', seed: values.seed, startedAt, durationMs: Date.now() - startedAt, machine, postgres: four, sqlite: one })}\n`,
  )
  process.exitCode = wrong === 0 ? 0 : 1
} finally {
  await postgres.stop()
}
