import { PassThrough } from 'node:stream'
import { Type } from 'typebox'
import type { Identity } from '../../access/access.ts'
import type { Permission } from '../../access/permissions.ts'
import type { LiveMessage, LiveNotice } from '../../live/messages.ts'
import { type App, identityOf } from '../app.ts'
import { isOfCanary } from '../canary-veil.ts'
import { namesIn, seesOwners, veiled } from '../owner-veil.ts'
import type { OwnOrigin } from '../origin.ts'
import type { HttpParts } from '../parts.ts'
import { type Hidden, type HiddenOf, isHidden } from '../restriction-veil.ts'

const HEARTBEAT_MS = 15_000
/** How often an open stream asks whether its reader may still read. */
const RECHECK_MS = 1000
/** What a stream shows depends on these; when one of them changes it ends. */
const SEEN = ['live:read', 'rows:read', 'identities:read', 'canaries:read'] as const satisfies readonly Permission[]
/** As long as a session may last; then the reader connects again. */
const STREAM_MS_MAX = 12 * 3_600_000
const UNREAD_BYTES_MAX = 1024 * 1024

/** The live stream. Gives a function that ends every open one. */
export function liveRoutes(app: App, { live, access, records }: HttpParts, origin: OwnOrigin, hiddenOf: HiddenOf): () => void {
  const open = new Set<(code: LiveNotice, text: string) => void>()

  function start(identity: Identity, leave: () => void): PassThrough {
    const stream = new PassThrough({ highWaterMark: UNREAD_BYTES_MAX })
    const maySeeCanaries = access.permits(identity.principal, 'canaries:read')
    const maySeeHidden = access.permits(identity.principal, 'subjects:restrict')
    /** `undefined` = not known yet: then no event is shown. */
    let hidden: Hidden | null | undefined = maySeeHidden ? null : undefined
    const maySeeOwners = seesOwners(access, identity.principal)
    /** Something about the reader's rights changed, and it is not yet known what. */
    let isDoubtful = false
    let veiling: Promise<unknown> = Promise.resolve()
    const tell = (message: LiveMessage): boolean => {
      if (stream.writableEnded) return false
      if (isDoubtful) return true
      if (message.name !== 'event') return write(message)
      if (hidden !== null && (!hidden || isHidden(message.data, hidden))) return true
      if (!maySeeCanaries && isOfCanary(message.data)) return true
      if (maySeeOwners) return write(message)
      veiling = veiling.then(() => writeVeiled(message)).catch(() => undefined)
      return true
    }
    async function writeVeiled(message: LiveMessage): Promise<void> {
      const names = await namesIn(message.data, identity.principal.tenantNo, records.read)
      if (!isDoubtful) write({ ...message, data: veiled(message.data, names) } as LiveMessage)
    }
    const write = (message: LiveMessage): boolean => {
      if (stream.writableEnded) return false
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
      if (await access.isStillGood(identity, SEEN).catch(() => !isDoubtful)) isDoubtful = false
      else end('signed_out', 'The session or token behind this stream is over, or may see something else now. Connect again.')
    }
    const stopWatching = access.onRightsChange(identity, () => {
      isDoubtful = true
      void check()
    })

    open.add(end)
    stream.once('close', () => {
      clearInterval(heartbeat)
      clearInterval(recheck)
      open.delete(end)
      stopWatching()
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
