import { Type } from 'typebox'
import { TrailError } from '../../errors.ts'
import { type App, principalOf } from '../app.ts'
import {
  MarkKindName,
  markResource,
  MarkSchema,
  SuppressionSchema,
  suppressionResource,
  WindowQuery,
} from '../finding-schemas.ts'
import type { HttpParts } from '../parts.ts'
import { closed, IdParams, Text, Time } from '../schemas.ts'
import { parseTime, parseWindow } from '../times.ts'

const HOUR_MS = 3_600_000
const DAY_MS = 24 * HOUR_MS
const MONTH_MS = 30 * DAY_MS
/** No mark is longer: what goes on for longer is the new normal. */
const MARK_MS_MAX = 31 * DAY_MS

/** What people tell detection: known changes of traffic, and what nobody needs to hear of. */
export function findingSettingRoutes(app: App, parts: HttpParts): void {
  marks(app, parts)
  suppressions(app, parts)
}

function marks(app: App, { records, clock }: HttpParts): void {
  app.get(
    '/v1/marks',
    {
      config: { permission: 'findings:read', reading: true },
      schema: {
        tags: ['findings'],
        summary: 'Deploys, campaigns, imports and holidays that are known',
        description: 'Without `from` and `to` the last 30 days.',
        querystring: closed(WindowQuery),
        response: { 200: Type.Object({ items: Type.Array(MarkSchema) }) },
      },
    },
    async (request) => {
      const window = parseWindow(request.query, clock.now() + 1, MONTH_MS)
      return { items: (await records.read.marks(principalOf(request).tenantNo, window)).map(markResource) }
    },
  )

  app.post(
    '/v1/marks',
    {
      config: { permission: 'findings:write' },
      schema: {
        tags: ['findings'],
        summary: 'Mark a known change of traffic',
        description:
          'From now on and for an hour, unless it says otherwise; at most 31 days. It is shown on findings, and mutes no exact detector.',
        body: closed({
          kind: MarkKindName,
          name: Text,
          service: Type.Optional(Text),
          from: Type.Optional(Time),
          to: Type.Optional(Time),
        }),
        response: { 201: MarkSchema },
      },
    },
    async (request, reply) => {
      const { tenantNo, actor } = principalOf(request)
      const { kind, name, service = null } = request.body
      const at = clock.now()
      const mark = { kind, name, service, ...spanOf(request.body, at) }
      return reply.code(201).send(markResource(await records.act('putMark', { tenantNo, mark, at, actor })))
    },
  )
}

function suppressions(app: App, { records, clock }: HttpParts): void {
  app.get(
    '/v1/suppressions',
    {
      config: { permission: 'findings:read', reading: true },
      schema: {
        tags: ['findings'],
        summary: 'Suppressions that have not ended, newest first',
        response: { 200: Type.Object({ items: Type.Array(SuppressionSchema) }) },
      },
    },
    async (request) => {
      const found = await records.read.suppressions(principalOf(request).tenantNo, clock.now())
      return { items: found.map(suppressionResource) }
    },
  )

  app.post(
    '/v1/suppressions/:id/approve',
    {
      config: { permission: 'findings:write' },
      schema: {
        tags: ['findings'],
        summary: 'Agree to a suppression of an exact critical detector',
        description: 'A second person: whoever asked for it is refused.',
        params: IdParams,
        body: closed({}),
        response: { 200: SuppressionSchema },
      },
    },
    async (request) => {
      const { tenantNo, actor } = principalOf(request)
      return suppressionResource(
        await records.act('approveSuppression', { tenantNo, id: request.params.id, at: clock.now(), actor }),
      )
    },
  )

  app.delete(
    '/v1/suppressions/:id',
    {
      config: { permission: 'findings:write' },
      schema: { tags: ['findings'], summary: 'End a suppression at once', params: IdParams, response: { 204: Type.Null() } },
    },
    async (request, reply) => {
      const { tenantNo, actor } = principalOf(request)
      const ended = await records.act('endSuppression', { tenantNo, id: request.params.id, at: clock.now(), actor })
      if (!ended) throw new TrailError('not_found', 'There is no suppression of this id here, or it has ended.', { input: 'id' })
      return reply.code(204).send(null)
    },
  )
}

function spanOf(
  given: { readonly from?: string | number; readonly to?: string | number },
  at: number,
): { from: number; to: number } {
  const from = given.from === undefined ? at : parseTime(given.from, '/from')
  const to = given.to === undefined ? from + HOUR_MS : parseTime(given.to, '/to')
  if (to > from && to - from <= MARK_MS_MAX) return { from, to }
  throw new TrailError('time_invalid', 'to must be later than from, and a mark may last 31 days at most.', { input: '/to' })
}
