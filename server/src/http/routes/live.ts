import { PassThrough } from 'node:stream'
import { Type } from 'typebox'
import type { Identity } from '../../access/access.ts'
import type { LiveMessage, LiveNotice } from '../../live/messages.ts'
import { type App, identityOf } from '../app.ts'
import { isOfCanary } from '../canary-veil.ts'
import type { OwnOrigin } from '../origin.ts'
import type { HttpParts } from '../parts.ts'
import { type Hidden, type HiddenOf, isHidden } from '../restriction-veil.ts'

const HEARTBEAT_MS = 15_000
/** How often an open stream asks whether its reader may still read. */
const RECHECK_MS = 1000
/** As long as a session may last; then the reader connects again. */
const STREAM_MS_MAX = 12 * 3_600_000
const UNREAD_BYTES_MAX = 1024 * 1024

/** The live stream. Gives a function that ends every open one. */
export function liveRoutes(app: App, { live, access }: HttpParts, origin: OwnOrigin, hiddenOf: HiddenOf): () => void {
  const open = new Set<(code: LiveNotice, text: string) => void>()

  function start(identity: Identity, leave: () => void): PassThrough {
    const stream = new PassThrough({ highWaterMark: UNREAD_BYTES_MAX })
    const maySeeCanaries = access.permits(identity.principal, 'canaries:read')
    const maySeeHidden = access.permits(identity.principal, 'subjects:restrict')
    /** `undefined` = not known yet: then no event is shown. */
    let hidden: Hidden | null | undefined = maySeeHidden ? null : undefined
    const tell = (message: LiveMessage): boolean => {
      if (stream.writableEnded) return false
      if (message.name === 'event' && hidden !== null && (!hidden || isHidden(message.data, hidden))) return true
      if (message.name === 'event' && !maySeeCanaries && isOfCanary(message.data)) return true
      if (stream.write(`event: ${message.name}\ndata: ${JSON.stringify(message.data)}\n\n`)) return true
      end('dropped', 'You read slower than events arrive. Connect again.')
      return false
    }
    const end = (code: LiveNotice, text: string): void => {
      if (!stream.writableEnded) stream.end(`event: notice\ndata: ${JSON.stringify({ code, text })}\n\n`)
    }
    stream.write(`retry: 2000\n\n`)
    const stop = live.subscribe(identity.principal.tenantNo, { events: access.permits(identity.principal, 'rows:read') }, tell)
    const heartbeat = setInterval(() => stream.write(': alive\n\n'), HEARTBEAT_MS).unref()
    void check()
    const recheck = setInterval(() => void check(), RECHECK_MS).unref()

    async function check(): Promise<void> {
      if (!maySeeHidden) hidden = await hiddenOf(identity.principal.tenantNo).catch(() => hidden)
      if (await access.isStillGood(identity).catch(() => true)) return
      end('signed_out', 'The session or token behind this stream is over.')
    }

    open.add(end)
    stream.once('close', () => {
      clearInterval(heartbeat)
      clearInterval(recheck)
      open.delete(end)
      stop()
      leave()
    })
    return stream
  }

  app.get(
    '/v1/live',
    {
      config: { permission: 'live:read', reading: true },
      handlerTimeout: STREAM_MS_MAX,
      exposeHeadRoute: false,
      schema: {
        tags: ['events'],
        summary: 'What is happening, as server-sent events',
        description:
          'Messages: `counts` (exact decisions by second and class, to be added up), `watermark`, `event` (a bounded sample, for roles with rows:read), `notice`. A reader that is too slow is told so and dropped.',
        produces: ['text/event-stream'],
        response: { 200: Type.String() },
      },
    },
    async (request, reply) => {
      origin.refuseOthers(request)
      const identity = identityOf(request)
      const leave = access.budget.enter(identity.principal, 'streams')
      const stream = start(identity, leave)
      void reply.header('content-type', 'text/event-stream; charset=utf-8').header('x-accel-buffering', 'no')
      // The schema describes the text that the stream carries.
      return reply.send(stream as unknown as string)
    },
  )

  return () => {
    for (const end of open) end('stopping', 'The server is stopping.')
  }
}
