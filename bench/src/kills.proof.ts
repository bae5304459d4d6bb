/** A hundred kills of the server under load: `npm run proof -- kills [--kills N]`. The driver's ledger is the oracle. */
import { parseArgs } from 'node:util'
import { killUnderLoad } from '../../test/whole/kill-under-load.ts'
import { temporaryFolder } from '../../test/whole/running-server.ts'
import { machineFacts } from './machine.ts'

const { values } = parseArgs({ options: { kills: { type: 'string', default: '100' } } })
const machine = machineFacts()
const folder = temporaryFolder()
const startedAt = Date.now()
try {
  const found = await killUnderLoad(folder.path, Number(values.kills))
  const status = found.missing.length + found.doubled.length + found.strangers.length === 0 ? 'pass' : 'fail'
  const promise = 'every acknowledged validation is in the store once, whenever the server is killed'
  process.stdout.write(
    `${JSON.stringify({ suite: 'kills', promise, status, startedAt, durationMs: Date.now() - startedAt, machine, ...found })}\n`,
  )
  process.exitCode = status === 'pass' ? 0 : 1
} finally {
  folder.remove()
}
