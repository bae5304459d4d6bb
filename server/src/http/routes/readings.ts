import { Type } from 'typebox'
import { openReader } from '../../query/reader.ts'
import { readingsOf } from '../../query/readings.ts'
import { type App, callerOf, principalOf } from '../app.ts'
import type { HttpParts } from '../parts.ts'
import { closed, Text, TimeText } from '../schemas.ts'
import { sightOf } from '../sight.ts'
import { parseWindow } from '../times.ts'

const DAY_MS = 86_400_000
const LIMIT = 50
const Reading = Type.Object({}, { additionalProperties: true, description: 'an event: who, what, when, from where' })

/** Who looked at what, and pages that say that they were looked at. */
export function readingRoutes(app: App, parts: HttpParts): void {
  const { records, access, clock } = parts
  app.get(
    '/v1/readings',
    {
      config: { permission: 'readings:read', reading: true },
      schema: {
        tags: ['access'],
        summary: 'Who looked at what, newest first',
        description:
          'Views, exports, reveals, readings of the audit log, and what was refused. Views of one thing by one person are one event a minute, with their count. Without `from` and `to` the last 24 hours.',
        querystring: closed({
          from: Type.Optional(TimeText),
          to: Type.Optional(TimeText),
          owner: Type.Optional(Text),
          cursor: Type.Optional(Text),
          limit: Type.Optional(Type.Integer({ minimum: 1, maximum: 500 })),
        }),
        response: { 200: Type.Object({ items: Type.Array(Reading), next: Type.Optional(Type.String()) }) },
      },
    },
    async (request) => {
      const principal = principalOf(request)
      const { owner, cursor, limit = LIMIT, ...times } = request.query
      const window = parseWindow(times, clock.now(), DAY_MS)
      const who = owner === undefined ? null : await records.read.owner(principal.tenantNo, owner)
      if (owner !== undefined && !who) return { items: [] }
      const reader = await openReader(parts, principal.tenantNo, request.signal, sightOf(access, principal, 'readings:read'))
      const found = await readingsOf(
        { ...window, ownerNo: who?.no ?? 0, limit, ...(cursor === undefined ? {} : { cursor }) },
        reader,
      )
      return { ...found, items: found.items.map((item) => ({ ...item })) }
    },
  )

  app.post(
    '/v1/page-views',
    {
      config: { permission: 'session:own' },
      schema: {
        tags: ['access'],
        summary: 'Say that a page was opened; best effort',
        body: closed({ page: Type.String({ pattern: '^[a-z0-9/-]{1,100}$', description: 'name of the page, without ids' }) }),
        response: { 204: Type.Null() },
      },
    },
    async (request, reply) => {
      access.noteView(principalOf(request), 'page.viewed', { page: request.body.page }, callerOf(request))
      await reply.code(204).send(null)
    },
  )
}
