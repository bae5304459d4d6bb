/** From nothing to serving: an empty server, the demo with its first page of data, and a server after `kill -9`. `npm run bench -- start [--runs N]`. */
import { parseArgs } from 'node:util'
import { startServer, temporaryFolder } from '../../test/whole/running-server.ts'
import { machineFacts, percentilesOf, round } from './machine.ts'
import type { RunningServer } from '../../test/whole/running-server.ts'

const { values } = parseArgs({ options: { runs: { type: 'string', default: '5' } } })
const machine = machineFacts()
const samplesMs = { empty: [] as number[], afterKill: [] as number[], demoFirstData: [] as number[] }

for (let run = 0; run < Number(values.runs); run++) {
  const folder = temporaryFolder()
  samplesMs.empty.push(
    await timed(
      () => startServer(folder.path),
      (server) => server.kill(),
    ),
  )
  samplesMs.afterKill.push(
    await timed(
      () => startServer(folder.path),
      (server) => server.kill(),
    ),
  )
  folder.remove()
  const demo = temporaryFolder()
  samplesMs.demoFirstData.push(
    await timed(
      () => startDemo(demo.path),
      (server) => server.kill(),
    ),
  )
  demo.remove()
}
const percentiles = Object.fromEntries(Object.entries(samplesMs).map(([name, samples]) => [name, percentilesOf(samples)]))
process.stdout.write(`${JSON.stringify({ suite: 'start', machine, unit: 'ms from spawn', percentiles, samplesMs })}\n`)

async function timed(start: () => Promise<RunningServer>, end: (server: RunningServer) => Promise<void>): Promise<number> {
  const started = performance.now()
  const server = await start()
  const took = round(performance.now() - started)
  await end(server)
  return took
}

/** Ready means that the overview's first question has rows. */
async function startDemo(data: string): Promise<RunningServer> {
  const server = await startServer(data, [], 'demo')
  const window = `from=${Date.now() - 86_400_000}&to=${Date.now()}`
  for (let rows = 0; rows === 0;)
    rows = (await server.call<{ rows: unknown[] }>('GET', `/v1/questions/validations-by-step?${window}&step=hour`)).body.rows
      .length
  return server
}
