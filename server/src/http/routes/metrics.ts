import { Type } from 'typebox'
import { type App, principalOf } from '../app.ts'
import type { HttpParts } from '../parts.ts'
import { SeriesKeyName, StepName, WindowQuery } from '../questions.ts'
import { closed, IdParams, Kind, REFUSALS, Text } from '../schemas.ts'
import { parseWindow } from '../times.ts'

const DAY_MS = 86_400_000
const MONTH_MS = 30 * DAY_MS
const Loose = Type.Object({}, { additionalProperties: true })

/** The numbers: all of them as one object, one of them over time, and one token's own story. */
export function metricRoutes(app: App, { metrics, clock }: HttpParts): void {
  app.get(
    '/v1/metrics/tokens',
    {
      config: { permission: 'figures:read', reading: true },
      schema: {
        tags: ['metrics'],
        summary: 'Every metric of tokens in a window',
        description: 'Without `from` and `to` the last 30 days. Without `kind` counts cover all kinds, lifespan and revocation mean access tokens.',
        querystring: closed({ ...WindowQuery, kind: Type.Optional(Kind) }),
        response: { 200: Loose, ...REFUSALS },
      },
    },
    async (request) => {
      const { kind, ...times } = request.query
      const window = parseWindow(times, clock.now(), MONTH_MS)
      return { ...(await metrics.generateTokenMetrics(principalOf(request).tenantNo, { ...window, ...(kind === undefined ? {} : { kind }) })) }
    },
  )

  app.get(
    '/v1/metrics/series',
    {
      config: { permission: 'figures:read', reading: true },
      schema: {
        tags: ['metrics'],
        summary: 'One metric over time',
        querystring: closed({ ...WindowQuery, metric: Text, step: StepName, by: Type.Optional(SeriesKeyName) }),
        response: { 200: Loose, ...REFUSALS },
      },
    },
    async (request) => {
      const { metric, step, by, ...times } = request.query
      const window = parseWindow(times, clock.now(), DAY_MS)
      return { ...(await metrics.series(principalOf(request).tenantNo, { ...window, metric, step, ...(by === undefined ? {} : { by }) })) }
    },
  )

  app.get(
    '/v1/tokens/:id/timeline',
    {
      config: { permission: 'rows:read', reading: true },
      schema: {
        tags: ['metrics'],
        summary: "One token's life and use",
        params: IdParams,
        querystring: closed(WindowQuery),
        response: { 200: Loose, ...REFUSALS },
      },
    },
    async (request) => {
      const window = parseWindow(request.query, clock.now(), MONTH_MS)
      return { ...(await metrics.timeline(principalOf(request).tenantNo, request.params.id, window)) }
    },
  )
}
