/**
 * Validation over HTTP, recorded and journalled, open loop: `npm run bench -- http [--rate N] [--seconds N] [--tokens N]`. The generator runs in
 * this process, the server in its own with an embedded store, on the same machine. A null server (raw `node:http`) is the limit.
 */
import { fork } from 'node:child_process'
import { once } from 'node:events'
import { parseArgs } from 'node:util'
import { statusOf, atRest } from '../../test/whole/conservation.ts'
import { startServer, temporaryFolder } from '../../test/whole/running-server.ts'
import { openLoop } from './load/open-loop.ts'
import { histogramOf, machineFacts, percentilesOf } from './machine.ts'
import type { RunningServer } from '../../test/whole/running-server.ts'
import type { OpenLoopResult } from './load/open-loop.ts'

const { values } = parseArgs({
  options: {
    rate: { type: 'string', default: '5000' },
    seconds: { type: 'string', default: '20' },
    tokens: { type: 'string', default: '2000' },
    connections: { type: 'string', default: '64' },
  },
})
const [perSecond, seconds, tokenCount, connections] = [values.rate, values.seconds, values.tokens, values.connections].map(
  Number,
) as [number, number, number, number]
const WARM_UP_SECONDS = 5
const folder = temporaryFolder()

const machine = machineFacts()
const server = await startServer(folder.path)
try {
  const requests = await requestsFor(server)
  const port = Number(new URL(server.url).port)
  await openLoop({ port, requests, perSecond: perSecond / 2, seconds: WARM_UP_SECONDS, connections })
  const before = await statusOf(server)
  const result = await openLoop({ port, requests, perSecond, seconds, connections })
  const after = await atRest(server)
  const limit = await nullServer(requests)
  process.stdout.write(
    `${JSON.stringify({
      suite: 'http',
      machine,
      perSecond,
      seconds,
      tokens: tokenCount,
      connections,
      load: 'open loop, fixed schedule',
      validate: figures(result),
      recorded: { received: after.received - before.conservation.received, conservation: after },
      nullServer: figures(limit),
    })}\n`,
  )
} finally {
  await server.kill()
  folder.remove()
}

function figures({ sent, answered, statuses, latencyMs, lagMs }: OpenLoopResult) {
  return {
    sent,
    answered,
    statuses,
    latencyMs: percentilesOf(latencyMs),
    generatorLagMs: percentilesOf(lagMs),
    histogramMs: histogramOf(latencyMs),
  }
}

/** One whole request per token; 3 % ask for a scope that is not granted, 1 % present a token that nobody issued. */
async function requestsFor(running: RunningServer): Promise<Buffer[]> {
  const texts = await Promise.all(
    Array.from({ length: tokenCount }, async (_, i) => {
      const { body } = await running.call<{ token: string }>('POST', '/v1/tokens', {
        owner: `owner-${i % 50}`,
        scopes: ['orders:read'],
      })
      return body.token
    }),
  )
  const { body: service } = await running.call<{ token: string }>('POST', '/v1/tokens', { owner: 'gateway', role: 'validate' })
  return texts.map((token, i) => {
    const unknown = i % 100 === 0
    const asked = {
      token: unknown ? `${token.slice(0, -1)}0` : token,
      scopes: [i % 33 === 1 ? 'admin' : 'orders:read'],
      ip: `10.0.${i % 200}.7`,
      route: '/orders/{id}',
    }
    return requestOf(service.token, JSON.stringify(asked))
  })
}

function requestOf(token: string, body: string): Buffer {
  const head = [
    'POST /v1/validate HTTP/1.1',
    'host: bench',
    `authorization: Bearer ${token}`,
    'content-type: application/json',
    `content-length: ${Buffer.byteLength(body)}`,
  ]
  return Buffer.from(`${head.join('\r\n')}\r\n\r\n${body}`)
}

/** The same requests at the same rate to a server that does nothing. */
async function nullServer(requests: readonly Buffer[]): Promise<OpenLoopResult> {
  const child = fork(new URL('load/null-server.ts', import.meta.url), { stdio: ['ignore', 'ignore', 'inherit', 'ipc'] })
  const [port] = (await once(child, 'message')) as [number]
  try {
    return await openLoop({ port, requests, perSecond, seconds, connections })
  } finally {
    child.kill()
  }
}
