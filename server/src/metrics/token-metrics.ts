import { KINDS, type Milliseconds, type TokenKind } from 'tokentrail'
import type { Ask } from '../query/ask.ts'
import type { Completeness, Window } from '../query/answer.ts'
import { checkParams } from '../query/params.ts'
import type { Reader } from '../query/reader.ts'
import type { Frame } from '../query/frame.ts'
import type { Frames } from '../query/frames.ts'
import { type TotalCounts, totalsOf } from '../query/questions/totals.ts'
import { readCounts, windowCounts } from '../query/window-counts.ts'
import { type AfterRevocation, afterRevocation, type UseAfterEnd, usesAfterEnd } from './after-end.ts'
import { type Counts, countsOf } from './counts.ts'
import { lastUsesOf, type UseOfLife, useOfLife } from './last-uses.ts'
import type { Lives, ReadLives } from './lives.ts'
import { type Lifespan, lifespanOf } from './lifespan.ts'
import { type Limits, limitsOf } from './limits.ts'
import { type Note, notesFor } from './notes.ts'
import { type ValidationRates, ratesOf } from './rates.ts'
import { isOverDispersed, type Revocation, revocationOf, revokedIn } from './revocation.ts'
import { type Arrivals, stockOf, type TokenStock } from './stock.ts'
import { type Citing, NO_DETECTORS, type Suspicious, suspiciousOf } from './suspicious.ts'

/** Everything a reader of the token metrics gets. A plain number is never the only thing given: each has its sibling. */
export interface TokenMetrics {
  readonly window: Window
  readonly watermark: Milliseconds
  readonly reading: 'as known now' | 'as known then'
  readonly completeness: Completeness
  /** Issued in the window; imports, canaries and simulated ones stand apart in `tokens`. */
  readonly totalTokensGenerated: number
  readonly tokens: TokenStock
  readonly validationAttempts: {
    readonly successful: number
    /** Rejected as invalid or forbidden. */
    readonly failed: number
    readonly throttled: number
    readonly unavailable: number
    readonly rates: ValidationRates
  }
  readonly tokenLifecycle: {
    /** = lifespan.restrictedMean.value */
    readonly averageLifespan: Milliseconds | null
    /** = revocation.shareOfExposed.value */
    readonly revocationRate: number | null
    readonly lifespan: Lifespan & { readonly use: UseOfLife | null }
    readonly revocation: Revocation & AfterRevocation & { readonly useAfterEnd: UseAfterEnd }
  }
  readonly securityEvents: {
    readonly suspiciousAttempts: number
    readonly rateLimit: number
    readonly suspicious: Suspicious
    readonly limits: Limits
  }
  readonly notes: readonly Note[]
}

export interface TokenMetricsParams {
  readonly from: Milliseconds
  readonly to: Milliseconds
  readonly kind?: TokenKind
}

/** The window's sums, and what makes them believable. */
interface Totals extends Frame {
  readonly watermark: Milliseconds
  readonly row: TotalCounts
  readonly counts: Counts
}

/** What the metrics are read with. */
export interface MetricsParts {
  readonly reader: Reader
  readonly ask: Ask
  readonly frames: Frames
  readonly lives: ReadLives
  readonly signal?: AbortSignal | undefined
  readonly citing?: Citing | undefined
}

/** What the figures are made from. */
interface Parts {
  readonly params: TokenMetricsParams
  /** The window up to the watermark: what the store has not seen yet is not compared with records that have. */
  readonly seen: TokenMetricsParams
  readonly totals: Totals
  readonly reader: Reader
  readonly ask: Ask
  readonly options: { readonly signal?: AbortSignal }
  readonly lives: Lives
  readonly citing: Citing | undefined
}

/**
 * The token metrics of a window, as known now. Without `kind`, counts cover all kinds, and lifespan and revocation mean
 * access tokens. Lifecycles end at the watermark.
 */
export async function tokenMetricsOf(
  params: TokenMetricsParams,
  { reader: opened, ask, frames, lives: readLives, signal, citing }: MetricsParts,
): Promise<TokenMetrics> {
  checkParams({ from: 'required', to: 'required', kind: 'optional' }, params)
  const { watermark, counts, frame } = frames(opened.tenantNo, { from: params.from, to: params.to })
  const reader = { ...opened, counts }
  const seen = { ...params, to: Math.max(params.from, Math.min(params.to, watermark)) }
  const [rows, framed, lives] = await Promise.all([windowCounts(params, reader), frame, readLives(reader.tenantNo)])
  const totals: Totals = { ...framed, watermark, row: totalsOf(rows), counts: countsOf(rows) }
  const options = signal ? { signal } : {}
  const parts: Parts = { params, seen, totals, reader, ask, options, lives: livesOfKind(lives, params.kind), citing }
  const [validations, lifecycle] = await Promise.all([validationsOf(parts), lifecycleOf(parts)])
  const { tokens, ...tokenLifecycle } = lifecycle
  return {
    window: { from: params.from, to: params.to },
    watermark: totals.watermark,
    reading: 'as known now',
    completeness: totals.completeness,
    totalTokensGenerated: validations.issued,
    tokens,
    validationAttempts: validations.attempts,
    tokenLifecycle,
    securityEvents: validations.security,
    notes: notesOf(parts, tokens, tokenLifecycle, validations),
  }
}

async function validationsOf({ params, totals, reader, ask, options, lives, citing }: Parts): Promise<{
  readonly issued: number
  readonly attempts: TokenMetrics['validationAttempts']
  readonly security: TokenMetrics['securityEvents']
}> {
  const { row, counts } = totals
  const [reasons, rates, limits, suspicious] = await Promise.all([
    ask(reader.tenantNo, 'rejections-by-reason', params, options),
    ratesOf(params, row, counts, reader),
    limitsOf(params, counts, lives.all, reader),
    citing ? suspiciousOf(params, row.attempts, reader, citing) : NO_DETECTORS,
  ])
  return {
    issued: counts.issued,
    attempts: {
      successful: row.accepted,
      failed: row.invalid + row.forbidden,
      throttled: row.throttled,
      unavailable: row.unavailable,
      rates: { ...rates, byReason: reasons.rows },
    },
    security: { suspiciousAttempts: suspicious.attempts, rateLimit: row.throttled, suspicious, limits },
  }
}

async function lifecycleOf({
  params,
  seen,
  reader,
  lives,
  totals,
}: Parts): Promise<TokenMetrics['tokenLifecycle'] & { readonly tokens: TokenStock }> {
  const kind = params.kind ?? 'access'
  const ofKind = lives.all.filter((life) => life.kind === kind)
  const [arrivals, uses, after, useAfterEnd] = await Promise.all([
    arrivalsOf(params, seen, totals, reader),
    lastUsesOf(reader, KINDS[params.kind ?? 'none']),
    afterRevocation({ ...seen, to: Math.max(seen.to, totals.watermark) + 1, kind }, revokedIn(ofKind, seen), reader),
    windowCounts({ ...params, kind }, reader).then((rows) => usesAfterEnd({ ...params, kind }, countsOf(rows), reader)),
  ])
  const lifespan = { ...lifespanOf(ofKind, kind, seen), use: uses && useOfLife(ofKind, seen, uses) }
  const revocation = { ...revocationOf(ofKind, seen), ...after, useAfterEnd }
  return {
    averageLifespan: lifespan.restrictedMean?.value ?? null,
    revocationRate: revocation.shareOfExposed?.value ?? null,
    lifespan,
    revocation,
    tokens: stockOf(lives.all, seen, { issued: arrivals.issued, imported: arrivals.imported }, lives.apart, uses),
  }
}

/** What came, up to the watermark; the whole window's counts say it where that reaches no further. */
async function arrivalsOf(
  params: TokenMetricsParams,
  seen: TokenMetricsParams,
  { counts }: Totals,
  reader: Reader,
): Promise<Arrivals> {
  if (seen.to === params.to) return counts
  return countsOf(await readCounts(seen, reader))
}

function livesOfKind({ all, apart }: Lives, kind: TokenKind | undefined): Lives {
  return { all: kind === undefined ? all : all.filter((life) => life.kind === kind), apart }
}

function notesOf(
  { params, seen, totals, citing }: Parts,
  tokens: TokenStock,
  { lifespan, revocation }: TokenMetrics['tokenLifecycle'],
  { attempts: { rates }, security: { suspicious } }: Awaited<ReturnType<typeof validationsOf>>,
): readonly Note[] {
  const judged = rates.successRateAll?.denominator ?? 0
  const exposed = revocation.shareOfExposed?.denominator ?? 0
  return notesFor({
    no_detectors: citing === undefined,
    cited_lower_bound: suspicious.lowerBound,
    few_cases: judged < FEW || exposed < FEW,
    lifespan_few: lifespan.restrictedMean === null,
    lifespan_shortened: lifespan.tauShortened,
    unknown_age: lifespan.unknownAge > 0,
    over_dispersed: isOverDispersed(revocation),
    late_data: totals.lateEvents > 0,
    incomplete: (totals.completeness.value ?? 1) < COMPLETE,
    not_closed: !tokens.closes,
    use_unknown: lifespan.use === null,
    lower_bound: rates.pressure.lowerBound,
    window_ahead: seen.to < params.to,
  })
}

const FEW = 20
const COMPLETE = 0.9999
