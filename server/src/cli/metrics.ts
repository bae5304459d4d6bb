import { Command, Option } from 'commander'
import { call, queryString, serverAccess } from './api.ts'
import { duration, instant, paint, percent, say, sayFacts, sayJson, sayTable, whole } from './print.ts'
import { parseInstant } from './time.ts'
import type { Share } from '../query/answer.ts'
import type { TokenMetrics } from '../metrics/token-metrics.ts'
import type { ServerOptions } from './api.ts'

type MetricsOptions = ServerOptions & {
  readonly from?: number
  readonly to?: number
  readonly kind?: string
  readonly json?: boolean
}

/** `tokentrail metrics` */
export function metricsCommand(): Command {
  return new Command('metrics')
    .description('the token metrics of a window')
    .option('--from <time>', 'RFC 3339, or how long ago such as 24h (default 30d)', parseInstant)
    .option('--to <time>', 'RFC 3339, or how long ago (default now)', parseInstant)
    .addOption(new Option('--kind <kind>').choices(['access', 'action', 'validation']))
    .action(metrics)
}

async function metrics(options: MetricsOptions): Promise<void> {
  const { from, to, kind } = options
  const metrics = await call<TokenMetrics>(serverAccess(options), 'GET', `/v1/metrics/tokens${queryString({ from, to, kind })}`)
  if (options.json) return sayJson(metrics)
  sayWindow(metrics)
  sayValidations(metrics)
  sayReasons(metrics)
  sayTokens(metrics)
  saySecurity(metrics)
  for (const note of metrics.notes) say(paint('yellow', `! ${note.text}`))
}

function sayWindow({ window, watermark, completeness }: TokenMetrics): void {
  say(`${instant(window.from)} to ${instant(window.to)}`)
  say(paint('dim', `counted up to ${instant(watermark)}, completeness ${percent(completeness.value)}`))
}

function sayValidations({ validationAttempts: { successful, failed, throttled, unavailable, rates } }: TokenMetrics): void {
  section('Validations')
  const { accepted } = rates.latency
  sayFacts({
    accepted: whole(successful),
    failed: whole(failed),
    throttled: whole(throttled),
    unavailable: whole(unavailable),
    'success rate': `${shareText(rates.successRate)} of known tokens, ${shareText(rates.successRateAll)} of all attempts`,
    latency: accepted ? `p50 ${accepted.p50Us} µs, p95 ${accepted.p95Us} µs, p99 ${accepted.p99Us} µs` : null,
  })
}

const REASONS_MAX = 8

function sayReasons({ validationAttempts: { rates } }: TokenMetrics): void {
  if (rates.byReason.length === 0) return
  section('Rejections')
  const rows = rates.byReason.slice(0, REASONS_MAX).map((row) => [row.reason, row.class, row.count, row.tokens, row.networks])
  sayTable(['reason', 'class', 'count', 'tokens', 'networks'], rows)
}

function sayTokens({ tokens, totalTokensGenerated, tokenLifecycle: { lifespan, revocation } }: TokenMetrics): void {
  section('Tokens')
  const { restrictedMean } = lifespan
  sayFacts({
    issued: whole(totalTokensGenerated),
    active: `${whole(tokens.from.active)} → ${whole(tokens.to.active)}`,
    'expiring in 7 d': whole(tokens.to.expiringIn7d),
    'never used': tokens.to.neverUsed === null ? null : whole(tokens.to.neverUsed),
    lifespan: restrictedMean
      ? `${duration(restrictedMean.value)} (${duration(restrictedMean.low)} to ${duration(restrictedMean.high)}, restricted mean)`
      : '–',
    revoked: shareText(revocation.shareOfExposed),
  })
}

function saySecurity({ securityEvents: { suspiciousAttempts, rateLimit, limits, suspicious } }: TokenMetrics): void {
  section('Security')
  sayFacts({
    'suspicious attempts': `${whole(suspiciousAttempts)} (${suspicious.statement})`,
    'of them accepted': suspiciousAttempts === 0 ? null : whole(suspicious.succeeded),
    'rate limited': `${whole(rateLimit)} in ${whole(limits.episodes)} episodes`,
  })
}

function section(title: string): void {
  say()
  say(paint('bold', title))
}

/** 98.2 % (97.9 to 98.4) */
function shareText(share: Share | null): string {
  return share ? `${percent(share.value)} (${percent(share.low)} to ${percent(share.high)})` : '–'
}
