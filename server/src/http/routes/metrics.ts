import { Type } from 'typebox'
import { SERIES_METRICS, type SeriesBy } from '../../metrics/series.ts'
import { type App, principalOf } from '../app.ts'
import type { HttpParts } from '../parts.ts'
import { StepName, WindowQuery } from '../questions.ts'
import { closed, IdParams, Kind } from '../schemas.ts'
import { parseWindow } from '../times.ts'

const DAY_MS = 86_400_000
const MONTH_MS = 30 * DAY_MS
const QUARTER_MS = 90 * DAY_MS

const Metric = Type.Enum(SERIES_METRICS)
const By = Type.Enum(['service', 'kind', 'population'] as const satisfies readonly SeriesBy[])
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
        description:
          'Without `from` and `to` the last 30 days. Without `kind` counts cover all kinds, lifespan and revocation mean access tokens.',
        querystring: closed({ ...WindowQuery, kind: Type.Optional(Kind) }),
        response: { 200: Loose },
      },
    },
    async (request) => {
      const { kind, ...times } = request.query
      const window = parseWindow(times, clock.now(), MONTH_MS)
      const params = { ...window, ...(kind === undefined ? {} : { kind }) }
      return { ...(await metrics.generateTokenMetrics(principalOf(request).tenantNo, params, { signal: request.signal })) }
    },
  )

  app.get(
    '/v1/metrics/series',
    {
      config: { permission: 'figures:read', reading: true },
      schema: {
        tags: ['metrics'],
        summary: 'One metric over time',
        querystring: closed({ ...WindowQuery, metric: Metric, step: StepName, by: Type.Optional(By), kind: Type.Optional(Kind) }),
        response: { 200: Loose },
      },
    },
    async (request) => {
      const { from, to, ...rest } = request.query
      const window = parseWindow(
        { ...(from === undefined ? {} : { from }), ...(to === undefined ? {} : { to }) },
        clock.now(),
        DAY_MS,
      )
      return { ...(await metrics.series(principalOf(request).tenantNo, { ...rest, ...window }, { signal: request.signal })) }
    },
  )

  app.get(
    '/v1/tokens/:id/timeline',
    {
      config: { permission: 'rows:read', reading: true, own: 'token' },
      schema: {
        tags: ['metrics'],
        summary: "One token's life and use",
        description: 'Without `from` and `to` the last 90 days.',
        params: IdParams,
        querystring: closed(WindowQuery),
        response: { 200: Loose },
      },
    },
    async (request) => {
      const window = parseWindow(request.query, clock.now(), QUARTER_MS)
      return { ...(await metrics.timeline(principalOf(request).tenantNo, request.params.id, window, { signal: request.signal })) }
    },
  )
}
