import type { FastifyRequest } from 'fastify'
import type { TokenKind } from 'tokentrail'
import type { Access } from '../access/access.ts'
import type { Principal } from '../access/principal.ts'
import { TrailError } from '../errors.ts'
import type { SeriesMetric } from '../metrics/series.ts'
import type { Answer, Window } from '../query/answer.ts'
import type { SeriesKey, Step } from '../query/rows.ts'
import {
  isViewerKey,
  type Released,
  releasedIn,
  stepFor,
  stepsFor,
  totalsFor,
  type Withheld,
  withheldFrom,
  type WithheldRule,
} from '../query/viewer/figures.ts'
import { GROUP_MIN, MEMBERS_MAX } from '../query/viewer/suppress.ts'
import { type App, callerOf, identityOf } from './app.ts'
import type { HttpParts } from './parts.ts'
import { parseWindow } from './times.ts'

const DAY_MS = 86_400_000

/** Setting of a tenant: no figure for viewers stands for fewer owners. */
export const VIEWER_GROUP_MIN = 'viewers.group_min'

type Query = Readonly<Record<string, string | number | undefined>>
type Parts = Pick<HttpParts, 'records' | 'store' | 'access' | 'clock'>

interface Asked {
  readonly query: Query
  readonly released: Released
  readonly watermark: number
}

/** How a route answers a viewer: from what is released, as it answers everybody (nothing about anybody is in it), or not at all. */
type Way = { readonly defaultMs: number; answer(asked: Asked): object } | 'everybody'

/**
 * Every route that a viewer's permission opens. A route that is not here answers no viewer: a new one is closed until somebody thinks
 * about it.
 */
const WAYS: Readonly<Record<string, Way>> = {
  '/v1/questions/totals': { defaultMs: DAY_MS, answer: totals },
  '/v1/questions/validations-by-step': { defaultMs: DAY_MS, answer: byStep },
  '/v1/metrics/series': { defaultMs: DAY_MS, answer: series },
  '/v1/metrics/tokens': { defaultMs: 30 * DAY_MS, answer: tokenMetrics },
  // What a report asks is answered, or withheld, by the routes that it asks.
  '/v1/reports': 'everybody',
  '/v1/reports/:name': 'everybody',
  '/v1/detectors': 'everybody',
  '/v1/status': 'everybody',
}

/** Does a route answer readers who see figures without small groups? */
export function isAnsweredSuppressed(url: string): boolean {
  return Object.hasOwn(WAYS, url)
}

/** Stands before the routes of figures: whoever reaches them suppressed is answered here and nowhere else. */
export function answerViewers(app: App, parts: Parts): void {
  app.addHook('preHandler', async (request, reply) => {
    const { permission } = request.routeOptions.config
    if (!request.identity || permission === undefined || permission === 'public') return undefined
    const { principal } = identityOf(request)
    if (parts.access.decide(principal, permission).reach !== 'suppressed') return undefined
    const way = wayOf(request)
    if (way === 'everybody') return undefined
    return reply.send(await answerFrom(parts, request, way))
  })
}

function wayOf({ routeOptions }: FastifyRequest): Way {
  const way = Object.hasOwn(WAYS, routeOptions.url ?? '') ? WAYS[routeOptions.url ?? ''] : undefined
  if (way) return way
  throw new TrailError('figure_withheld', 'This is withheld from viewers: few owners, or one, could be found in it.')
}

async function answerFrom(
  { records, store, access, clock }: Parts,
  request: FastifyRequest,
  way: Exclude<Way, 'everybody'>,
): Promise<object> {
  const { principal } = identityOf(request)
  const query = request.query as Query
  if (query.token !== undefined) access.require(principal, 'rows:read', callerOf(request))
  const window = widened(parseWindow(textsOf(query), clock.now(), way.defaultMs))
  await spend(access, request, principal, `${request.routeOptions.url} ${JSON.stringify({ ...query, ...window })}`)
  const groupMin = groupMinOf(await records.read.setting(principal.tenantNo, VIEWER_GROUP_MIN))
  const released = await releasedIn(store, principal.tenantNo, window, { groupMin, signal: request.signal })
  return way.answer({ query, released, watermark: withheldFrom(released, []).until ?? window.from })
}

async function spend(access: Access, request: FastifyRequest, principal: Principal, question: string): Promise<void> {
  try {
    await access.budget.askDaily(principal, question)
  } catch (error) {
    if (error instanceof TrailError) access.noteRefusal(principal, 'limit_principal', callerOf(request))
    throw error
  }
}

/** Whole hours: what lies between them is in no bucket. */
function widened({ from, to }: Window): Window {
  const hourMs = 3_600_000
  return { from: Math.floor(from / hourMs) * hourMs, to: Math.ceil(to / hourMs) * hourMs }
}

/** It can be raised, never lowered. */
export function groupMinOf(setting: string | null): number {
  const wanted = Number(setting ?? GROUP_MIN)
  return Number.isInteger(wanted) ? Math.min(MEMBERS_MAX, Math.max(GROUP_MIN, wanted)) : GROUP_MIN
}

const ALWAYS = ['small_groups', 'rounding', 'buckets'] as const satisfies readonly WithheldRule[]

function answered(
  { released, watermark }: Asked,
  o: {
    readonly question: string
    readonly params: object
    readonly rows: readonly object[]
    readonly rules: readonly WithheldRule[]
  },
): Answer<object> & { readonly withheld: Withheld } {
  return {
    question: o.question,
    params: { ...o.params },
    window: released.window,
    watermark,
    // Exact numbers of what was received or lost would tell what was rounded away.
    completeness: { value: null, received: 0, missing: 0, lost: {} },
    lateEvents: 0,
    method: 'released buckets: small groups merged, counts rounded',
    cost: { rowsRead: released.rowsRead, elapsedMs: 0 },
    rows: o.rows,
    withheld: withheldFrom(released, [...ALWAYS, ...o.rules]),
  }
}

function totals(asked: Asked): object {
  const kind = asked.query.kind as TokenKind | undefined
  const params = { ...asked.released.window, ...(kind === undefined ? {} : { kind }) }
  return answered(asked, { question: 'totals', params, rows: [totalsFor(asked.released, kind)], rules: ['distinct'] })
}

function byStep(asked: Asked): object {
  const { kind, by } = asked.query as { readonly kind?: TokenKind; readonly by?: SeriesKey }
  const step = stepFor(asked.released, asked.query.step as Step)
  const params = { ...asked.released.window, step, ...(kind === undefined ? {} : { kind }), ...(by === undefined ? {} : { by }) }
  const question = 'validations-by-step'
  if (!isViewerKey(by)) return answered(asked, { question, params, rows: [], rules: ['dimension'] })
  const rows = stepsFor(asked.released, { step, ...(by ? { by } : {}), ...(kind ? { kind } : {}) })
  return answered(asked, { question, params, rows, rules: [] })
}

/** Metrics that are sums over classes, and what of them. */
const SUMS: Readonly<Partial<Record<SeriesMetric, readonly string[]>>> = {
  accepted: ['accepted'],
  failed: ['invalid', 'forbidden'],
  invalid: ['invalid'],
  forbidden: ['forbidden'],
  throttled: ['throttled'],
  unavailable: ['unavailable'],
}

function series(asked: Asked): object {
  const { metric, by, kind } = asked.query as {
    readonly metric: SeriesMetric
    readonly by?: SeriesKey
    readonly kind?: TokenKind
  }
  const step = stepFor(asked.released, asked.query.step as Step)
  const { rows: _, params: __, question: ___, ...frame } = answered(asked, { question: '', params: {}, rows: [], rules: [] })
  const isSaid = by === undefined && (metric === 'attempts' || SUMS[metric] !== undefined)
  const narrowed = kind === undefined ? {} : { kind }
  const rows = isSaid
    ? stepsFor(asked.released, { step, ...(metric === 'attempts' ? {} : { by: 'class' as const }), ...narrowed })
    : []
  const points = [
    ...Map.groupBy(
      rows.filter(({ key }) => SUMS[metric]?.includes(key) ?? true),
      ({ at }) => at,
    ),
  ].map(([at, alike]) => ({ at, key: '', value: alike.reduce((sum, { count }) => sum + count, 0), denominator: null }))
  const withheld = withheldFrom(asked.released, isSaid ? ALWAYS : [...ALWAYS, by === undefined ? 'distinct' : 'dimension'])
  return { metric, unit: isSaid ? 'attempts' : '', step, by: by ?? null, ...frame, points, withheld }
}

/** Of the metrics of tokens what is said of attempts; lives of single tokens are not for viewers. */
function tokenMetrics(asked: Asked): object {
  const row = totalsFor(asked.released, asked.query.kind as TokenKind | undefined)
  const {
    rows: _,
    params: __,
    question: ___,
    ...frame
  } = answered(asked, { question: '', params: {}, rows: [], rules: ['distinct'] })
  return {
    ...frame,
    reading: 'as known now',
    totalTokensGenerated: null,
    tokens: null,
    validationAttempts: {
      successful: row.accepted,
      failed: row.invalid + row.forbidden,
      throttled: row.throttled,
      unavailable: row.unavailable,
      rates: { successRate: row.successRate },
    },
    tokenLifecycle: null,
    securityEvents: null,
    notes: [],
  }
}

function textsOf({ from, to }: Query): { from?: string; to?: string } {
  return { ...(from === undefined ? {} : { from: String(from) }), ...(to === undefined ? {} : { to: String(to) }) }
}
