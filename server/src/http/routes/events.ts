import type { IncomingMessage } from 'node:http'
import { Readable } from 'node:stream'
import { Type } from 'typebox'
import { TrailError } from '../../errors.ts'
import { FIELDS } from '../../connect/fields.ts'
import { LINES_MAX, type LineResult } from '../../connect/ingest.ts'
import { type App, principalOf } from '../app.ts'
import { MANY_BYTES_MAX, streamLines } from '../bodies.ts'
import { readLines } from '../lines.ts'
import type { HttpParts } from '../parts.ts'
import { closed } from '../schemas.ts'

/** Each event is checked by itself, so that a bad one costs no other. */
const Event = Type.Unknown({ description: `an object with the fields ${Object.keys(FIELDS).join(', ')}; \`at\` is needed` })

const ResultSchema = Type.Object({
  index: Type.Integer({ description: 'place of the line in the request, from 0' }),
  result: Type.Enum(['stored', 'repeated', 'lost', 'rejected']),
  dropped: Type.Optional(Type.Array(Type.String(), { description: 'fields that no event has: they were dropped' })),
  code: Type.Optional(Type.String()),
  message: Type.Optional(Type.String()),
  input: Type.Optional(Type.String({ description: 'JSON pointer into the line' })),
})

const ReceiptSchema = Type.Object({
  stored: Type.Integer(),
  repeated: Type.Integer({ description: 'known by their id, and not counted again' }),
  rejected: Type.Integer(),
  lost: Type.Integer({ description: 'could not be journalled: the only ones worth another try' }),
  results: Type.Array(ResultSchema),
})
type Receipt = Type.Static<typeof ReceiptSchema>

/** Events from elsewhere: a JSON array, or lines of JSON that are taken as they arrive. */
export function ingestRoutes(app: App, { ingest }: HttpParts): void {
  void app.register(async (child: App) => {
    streamLines(child)
    child.post(
      '/v1/events',
      {
        bodyLimit: MANY_BYTES_MAX,
        config: { permission: 'events:write' },
        schema: {
          tags: ['events'],
          summary: 'Hand in events',
          description:
            `A JSON array, or NDJSON (application/x-ndjson); up to ${LINES_MAX} events. One result per event, in order; a bad line costs no other. ` +
            'The same id is stored once. What is `stored` survives a crash of the server.',
          body: {
            content: {
              'application/json': { schema: Type.Array(Event) },
              'application/x-ndjson': { schema: Type.Unknown({ description: 'one event per line' }) },
            },
          },
          response: { 200: ReceiptSchema },
        },
      },
      async (request) => {
        const { tenantNo, actor } = principalOf(request)
        const take = (lines: readonly unknown[]): Promise<readonly LineResult[]> => ingest.take(tenantNo, lines, { actor })
        const results =
          request.body instanceof Readable
            ? await takeLines(request.body as IncomingMessage, take)
            : await take(arrayIn(request.body))
        return receiptOf(results)
      },
    )
  })

  app.post(
    '/v1/events/writers',
    {
      config: { permission: 'events:write' },
      schema: {
        tags: ['events'],
        summary: 'Get a writer number, to number events at their source',
        description:
          'Events are then `evt_<writer>_<seq>` in base62: a batch sent twice is recognised, and a missing number shows a loss.',
        body: closed({}),
        response: { 201: Type.Object({ writer: Type.Integer() }) },
      },
    },
    async (request, reply) => reply.code(201).send({ writer: await ingest.leaseWriter(principalOf(request).tenantNo) }),
  )
}

const LINES_AT_ONCE = 1000

/** Takes lines in groups, so that a long stream holds little memory and what was taken stays taken. */
async function takeLines(
  stream: IncomingMessage,
  take: (lines: readonly unknown[]) => Promise<readonly LineResult[]>,
): Promise<LineResult[]> {
  const results: LineResult[] = []
  for await (const lines of readLines(stream, { linesAtOnce: LINES_AT_ONCE, linesMax: LINES_MAX, bytesMax: MANY_BYTES_MAX })) {
    const base = results.length
    const good = lines.flatMap((line) => ('value' in line ? [line.value] : []))
    const taken = good.length > 0 ? await take(good) : []
    let next = 0
    lines.forEach((line, i) => results.push({ ...('value' in line ? resultAt(taken, next++) : line.refused), index: base + i }))
  }
  return results
}

function resultAt(taken: readonly LineResult[], place: number): LineResult {
  const result = taken[place]
  if (result) return result
  throw new TypeError('ingest gave fewer results than lines')
}

function arrayIn(body: unknown): readonly unknown[] {
  if (Array.isArray(body)) return body as unknown[]
  throw new TrailError('body_invalid', 'Send a JSON array of events, or lines of JSON as application/x-ndjson.', { input: '/' })
}

function receiptOf(results: readonly LineResult[]): Receipt {
  const count = (result: LineResult['result']): number => results.filter((line) => line.result === result).length
  return {
    stored: count('stored'),
    repeated: count('repeated'),
    rejected: count('rejected'),
    lost: count('lost'),
    results: results.map(({ dropped, ...result }) => ({ ...result, ...(dropped ? { dropped: [...dropped] } : {}) })),
  }
}
