import { createServer } from 'node:http'
import type { IncomingMessage, Server, ServerResponse } from 'node:http'
import type { Log } from '../../config/log.ts'
import type { Witness, WitnessAnswer } from './witness.ts'

/** More than 63 hashes and sixteen signatures of the largest type. */
const BODY_BYTES_MAX = 128 * 1024
const CONNECTIONS_MAX = 256
const REQUEST_MS_MAX = 10_000

/** The witness over HTTP: `POST /add-checkpoint` and `GET /<sha256 of origin>/checkpoint`. Listens nowhere itself. */
export function createWitnessServer(witness: Witness, log: Log): Server {
  const server = createServer(
    { requestTimeout: REQUEST_MS_MAX, headersTimeout: REQUEST_MS_MAX, connectionsCheckingInterval: 1000, maxHeaderSize: 8192 },
    (request, response) => {
      answer(witness, request)
        .then((given) => send(response, given))
        .catch((error: unknown) => {
          if (!request.complete) return // the client has left
          log.error({ err: error }, 'a request to the witness failed')
          send(response, refused(500, 'Something is broken here.'))
        })
    },
  )
  server.maxConnections = CONNECTIONS_MAX
  return server
}

type HttpAnswer = Omit<WitnessAnswer, 'status'> & { readonly status: number }

async function answer(witness: Witness, request: IncomingMessage): Promise<HttpAnswer> {
  const [path = ''] = (request.url ?? '').split('?')
  if (path === '/add-checkpoint')
    return request.method === 'POST' ? addCheckpoint(witness, request) : refused(405, 'Only POST is known here.')
  const digest = /^\/([0-9a-f]{64})\/checkpoint$/.exec(path)?.[1]
  if (digest === undefined) return refused(404, 'There is no such thing here.')
  return request.method === 'GET' || request.method === 'HEAD' ? witness.latest(digest) : refused(405, 'Only GET is known here.')
}

async function addCheckpoint(witness: Witness, request: IncomingMessage): Promise<HttpAnswer> {
  const chunks: Buffer[] = []
  let bytes = 0
  for await (const chunk of request as AsyncIterable<Buffer>) {
    bytes += chunk.length
    if (bytes > BODY_BYTES_MAX) return refused(413, 'The body is larger than 128 KiB.')
    chunks.push(chunk)
  }
  return witness.addCheckpoint(Buffer.concat(chunks).toString('utf8'))
}

function send(response: ServerResponse, { status, type, body }: HttpAnswer): void {
  if (response.headersSent || response.destroyed) return
  const close = status === 413 ? { connection: 'close' } : {}
  response.writeHead(status, {
    'content-type': type,
    'content-length': Buffer.byteLength(body),
    'x-content-type-options': 'nosniff',
    ...close,
  })
  response.end(body)
}

function refused(status: number, sentence: string): HttpAnswer {
  return { status, type: 'text/plain; charset=utf-8', body: `${sentence}\n` }
}
