/** Foreign events over HTTP, as fast as four senders can: `npm run bench -- ingest [--events N]`. Counts until they are in the store. */
import { parseArgs } from 'node:util'
import { atRest, statusOf } from '../../test/whole/conservation.ts'
import { startServer, temporaryFolder } from '../../test/whole/running-server.ts'
import { machineFacts, percentilesOf, round } from './machine.ts'

const { values } = parseArgs({
  options: { events: { type: 'string', default: '300000' }, lines: { type: 'string', default: '500' } },
})
const [events, lines] = [Number(values.events), Number(values.lines)]
const SENDERS = 4
const folder = temporaryFolder()

const machine = machineFacts()
const server = await startServer(folder.path)
try {
  const before = (await statusOf(server)).conservation
  const bodies = Array.from({ length: Math.ceil(events / lines) }, (_, batch) =>
    JSON.stringify(Array.from({ length: lines }, (_, i) => eventOf(batch * lines + i))),
  )
  const latencyMs: number[] = []
  const started = performance.now()
  await Promise.all(Array.from({ length: SENDERS }, (_, sender) => send(sender, bodies, latencyMs)))
  const acknowledgedMs = performance.now() - started
  const after = await atRest(server)
  const storedMs = performance.now() - started
  process.stdout.write(
    `${JSON.stringify({
      suite: 'ingest',
      machine,
      events: bodies.length * lines,
      linesPerRequest: lines,
      senders: SENDERS,
      acknowledgedPerSecond: round((bodies.length * lines * 1000) / acknowledgedMs),
      storedPerSecond: round((bodies.length * lines * 1000) / storedMs),
      requestMs: percentilesOf(latencyMs),
      samplesMs: latencyMs.map(round),
      received: after.received - before.received,
      conservation: after,
    })}\n`,
  )
} finally {
  await server.kill()
  folder.remove()
}

function eventOf(no: number) {
  const at = Date.now() - (no % 3_600_000)
  return {
    id: `bench-${no}`,
    at,
    outcome: 'accepted',
    reason: 'valid',
    kind: 'access',
    token: `key-${no % 1000}`,
    owner: `owner-${no % 50}`,
    ip: `10.1.${no % 250}.9`,
    route: '/orders/{id}',
    service: 'orders',
  }
}

async function send(sender: number, bodies: readonly string[], latencyMs: number[]): Promise<void> {
  for (let i = sender; i < bodies.length; i += SENDERS) {
    const started = performance.now()
    const headers = { authorization: `Bearer ${server.adminToken}`, 'content-type': 'application/json' }
    const answer = await fetch(`${server.url}/v1/events`, { method: 'POST', headers, body: bodies[i] ?? '' })
    await answer.arrayBuffer()
    if (!answer.ok) throw new Error(`the server answered ${answer.status}`)
    latencyMs.push(performance.now() - started)
  }
}
