import type { Ask, AskParts } from '../query/ask.ts'
import { sharedFrames } from '../query/frames.ts'
import { openReader } from '../query/reader.ts'
import { createLives } from './lives.ts'
import type { Citing } from './suspicious.ts'
import { type Series, type SeriesParams, seriesOf } from './series.ts'
import { type Timeline, type TimelineParams, timelineOf } from './timeline.ts'
import { type TokenMetrics, type TokenMetricsParams, tokenMetricsOf } from './token-metrics.ts'

/** Numbers with numerator, denominator, window, watermark, completeness and method, for one tenant at a time. */
export interface Metrics {
  generateTokenMetrics(
    tenantNo: number,
    params: TokenMetricsParams,
    options?: { readonly signal?: AbortSignal },
  ): Promise<TokenMetrics>
  series(tenantNo: number, params: SeriesParams, options?: { readonly signal?: AbortSignal }): Promise<Series>
  timeline(
    tenantNo: number,
    tokenId: string,
    params?: TimelineParams,
    options?: { readonly signal?: AbortSignal },
  ): Promise<Timeline>
}

/** Makes the metrics over the questions, the store and the records. `citing` says what findings cite; without it nothing is suspicious. */
export function createMetrics(parts: AskParts & { readonly ask: Ask; readonly citing?: Citing }): Metrics {
  const [frames, lives] = [sharedFrames(parts), createLives(parts)]
  return {
    async generateTokenMetrics(tenantNo, params, { signal } = {}) {
      const reader = await openReader(parts, tenantNo, signal)
      return tokenMetricsOf(params, { ...parts, reader, frames, lives, signal })
    },
    async series(tenantNo, params, { signal } = {}) {
      const watermark = parts.journal.watermark()
      return seriesOf(params, parts.ask, await openReader(parts, tenantNo, signal), watermark, signal)
    },
    async timeline(tenantNo, tokenId, params = {}, { signal } = {}) {
      return timelineOf(tokenId, params, parts.ask, await openReader(parts, tenantNo, signal), signal)
    },
  }
}
