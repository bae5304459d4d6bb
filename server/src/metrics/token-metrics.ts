import { KINDS, type Milliseconds, type TokenKind } from 'tokentrail'
import type { Ask } from '../query/ask.ts'
import type { Answer, Completeness, Window } from '../query/answer.ts'
import { checkParams } from '../query/params.ts'
import type { Reader } from '../query/reader.ts'
import type { TotalsRow } from '../query/rows.ts'
import { type AfterRevocation, afterRevocation, type UseAfterEnd, usesAfterEnd } from './after-end.ts'
import { countsOf } from './counts.ts'
import { lastUsesOf, type UseOfLife, useOfLife } from './last-uses.ts'
import { type Apart, livesOf, type TokenLife } from './life.ts'
import { type Lifespan, lifespanOf } from './lifespan.ts'
import { type Limits, limitsOf } from './limits.ts'
import { type Note, notesFor } from './notes.ts'
import { type ValidationRates, ratesOf } from './rates.ts'
import { isOverDispersed, type Revocation, revocationOf, revokedIn } from './revocation.ts'
import { stockOf, type TokenStock } from './stock.ts'
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

/** What the figures are made from. */
interface Parts {
  readonly params: TokenMetricsParams
  /** The window up to the watermark: what the store has not seen yet is not compared with records that have. */
  readonly seen: TokenMetricsParams
  readonly totals: Answer<TotalsRow>
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
  ask: Ask,
  reader: Reader,
  { signal, citing }: { readonly signal?: AbortSignal | undefined; readonly citing?: Citing | undefined } = {},
): Promise<TokenMetrics> {
  checkParams({ from: 'required', to: 'required', kind: 'optional' }, params)
  const options = signal ? { signal } : {}
  const [totals, lives] = await Promise.all([ask(reader.tenantNo, 'totals', params, options), readLives(reader, params.kind)])
  const seen = { ...params, to: Math.max(params.from, Math.min(params.to, totals.watermark)) }
  const parts: Parts = { params, seen, totals, reader, ask, options, lives, citing }
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
  const [reasons, counts] = await Promise.all([
    ask(reader.tenantNo, 'rejections-by-reason', params, options),
    countsOf(params, reader),
  ])
  const row = theRow(totals)
  const [rates, limits, suspicious] = await Promise.all([
    ratesOf(params, row, reasons.rows, counts, reader),
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
      rates,
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
    countsOf(seen, reader),
    lastUsesOf(reader, KINDS[params.kind ?? 'none']),
    afterRevocation({ ...seen, to: Math.max(seen.to, totals.watermark) + 1, kind }, revokedIn(ofKind, seen), reader),
    usesAfterEnd({ ...params, kind }, reader),
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

interface Lives {
  readonly all: readonly TokenLife[]
  readonly apart: Apart
}

async function readLives(reader: Reader, kind: TokenKind | undefined): Promise<Lives> {
  const apart: Apart = { canaries: 0, simulated: 0 }
  const all: TokenLife[] = []
  for await (const life of livesOf(reader.read, reader.tenantNo, apart))
    if (kind === undefined || life.kind === kind) all.push(life)
  return { all, apart }
}

function theRow(totals: Answer<TotalsRow>): TotalsRow {
  const [row] = totals.rows
  if (row === undefined) throw new TypeError('The question totals gives one row.')
  return row
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
