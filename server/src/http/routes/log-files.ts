import type { FastifyReply, FastifyRequest } from 'fastify'
import { parseTilePath } from 'tokentrail/log'
import { Type } from 'typebox'
import type { Principal } from '../../access/principal.ts'
import type { LogFile } from '../../audit/audit.ts'
import { TrailError } from '../../errors.ts'
import type { Records } from '../../records/records.ts'
import { type App, callerOf } from '../app.ts'
import type { SessionCookie } from '../cookie.ts'
import type { HttpParts } from '../parts.ts'

/** What of the log anyone may fetch: setting `audit.publish` of the install. Tiles and entries name nobody, but show how much happens. */
export const PUBLISHED = ['none', 'checkpoint', 'tree', 'all'] as const
type Published = (typeof PUBLISHED)[number]
export const PUBLISH_SETTING = 'audit.publish'
const PUBLISHED_DEFAULT: Published = 'checkpoint'

/** From which setting on a kind of file is open to all. */
const OPEN_AT = { checkpoint: 1, tree: 2, entries: 3 } as const

const READER = 'log:install'

const ADDRESSES = [
  { url: '/audit/*', summary: 'A file of the open log (C2SP tlog-tiles)' },
  { url: '/v1/log/:shard/*', summary: "A file of a shard's log (C2SP tlog-tiles)" },
] as const

/** The files of the log as any static server could show them, at the two addresses that verifiers use. */
export function logFileRoutes(app: App, parts: HttpParts, cookie: SessionCookie): void {
  for (const { url, summary } of ADDRESSES) {
    app.get(
      url,
      {
        config: { permission: 'public' },
        schema: {
          tags: ['audit'],
          summary,
          description:
            '`checkpoint`, `log.vkey`, `tile/<level>/…` and `tile/entries/…`. The setting `audit.publish` (none, checkpoint, tree, all) says which of them need no credential; the others need the right to read the whole log, and reading them is an event (`audit.read`).',
          produces: ['application/octet-stream', 'text/plain'],
          response: { 200: Type.Any() },
        },
      },
      async (request, reply) => {
        const { '*': path = '', shard = null } = request.params as { readonly '*'?: string; readonly shard?: string }
        const file = parseFile(path)
        const kind = kindOf(file)
        const isOpen = OPEN_AT[kind] <= PUBLISHED.indexOf(await publishedBy(parts.records))
        const reader = isOpen ? null : await requireReader(parts, request, cookie, kind)
        const bytes = await parts.audit.file(shard, file)
        if (reader !== null && bytes !== undefined)
          parts.access.noteView(reader, 'audit.read', { what: 'files', of: kind, shard }, callerOf(request))
        return send(reply, file, bytes)
      },
    )
  }
}

/** What is published, as the setting says. */
export async function publishedBy(records: Records): Promise<Published> {
  const value = await records.read.setting(0, PUBLISH_SETTING)
  return PUBLISHED.find((each) => each === value) ?? PUBLISHED_DEFAULT
}

export function notPermitted(): TrailError {
  return new TrailError('not_permitted', 'Only principals of the first tenant who may read the whole audit log see this.')
}

/** A path is read into integers, and made from them again: nothing of the request reaches the file system. */
function parseFile(path: string): LogFile {
  if (path === 'checkpoint' || path === 'log.vkey') return path
  try {
    return parseTilePath(path)
  } catch (cause) {
    throw new TrailError('not_found', 'The log has files named checkpoint, log.vkey and tile/…, and no others.', { cause })
  }
}

function kindOf(file: LogFile): keyof typeof OPEN_AT {
  if (typeof file === 'string') return 'checkpoint'
  return file.level === 'entries' ? 'entries' : 'tree'
}

/** The route is open to all where the operator says so; where not, the reader passes the same gate as everywhere. */
async function requireReader(
  { access }: HttpParts,
  request: FastifyRequest,
  cookie: SessionCookie,
  kind: keyof typeof OPEN_AT,
): Promise<Principal> {
  const { authorization, 'x-tokentrail-code': code } = request.headers
  const caller = callerOf(request)
  const identity = await access.authenticate({ authorization, cookie: cookie.read(request) }, caller)
  const { principal } = identity
  access.require(principal, READER, caller)
  await access.requireFactor(identity, READER, typeof code === 'string' ? code : undefined, caller)
  if (kind !== 'entries' || access.decide(principal, READER).period === null) return principal
  access.noteRefusal(principal, 'role_missing', caller)
  throw new TrailError(
    'not_permitted',
    'Your role covers a period, and bundles of entries know none. Ask for entries of it, or make a pack.',
  )
}

/** A full tile never changes; the checkpoint changes each second. */
function send(reply: FastifyReply, file: LogFile, bytes: Uint8Array | undefined): FastifyReply {
  if (!bytes)
    throw new TrailError('not_found', 'The log has no such file: it is not that long, or the tile has become a wider one.')
  const isText = typeof file === 'string'
  const isFinal = !isText && file.width === 256
  if (isFinal) void reply.header('cache-control', 'private, max-age=31536000, immutable')
  return reply.type(isText ? 'text/plain; charset=utf-8' : 'application/octet-stream').send(Buffer.from(bytes))
}
