import type { Sql } from '../reader.ts'
import { OUTCOMES } from 'tokentrail'
import type { Question } from '../question.ts'
import { HAS_DURATION, latencies, RAW_ATTEMPTS } from '../sources.ts'
import { STEPS, STEP_START, stepParams } from '../steps.ts'

const SQL: Sql = (
  arms,
) => `SELECT ${STEP_START} AS start, sum(samples) AS n, quantilesTDigestMerge(0.5, 0.95, 0.99)(quantiles) AS q
  FROM ${latencies(arms)} WHERE outcome = {outcome:UInt8} GROUP BY start ORDER BY start`
const SQL_OF_TOKEN = `SELECT ${STEP_START} AS start, count() AS n, quantilesExact(0.5, 0.95, 0.99)(duration_us) AS q
  FROM (SELECT occurred_at AS at, duration_us FROM ${RAW_ATTEMPTS} AND ${HAS_DURATION} AND outcome = {outcome:UInt8}) GROUP BY start ORDER BY start`

/** Time from door to verdict, accepted and rejected apart. */
export const latencyByStep: Question<'latency-by-step'> = {
  name: 'latency-by-step',
  fields: { from: 'required', to: 'required', kind: 'optional', token: 'optional', step: 'required', outcome: 'optional' },
  method: 'quantiles by t-digest, rank error under 1 % at the median and smaller at the ends; exact for one token',
  sql: [SQL, SQL_OF_TOKEN],
  async answer(params, reader) {
    const source = STEPS[params.step].source === 'minute' ? 'minute' : 'hour'
    const found = await reader.rows<{ start: string; n: string; q: readonly number[] }>(
      params.token === undefined ? SQL : SQL_OF_TOKEN,
      {
        ...(await reader.window(params, source)),
        ...stepParams(params.step),
        outcome: OUTCOMES[params.outcome ?? 'accepted'],
      },
    )
    return {
      rows: found.map(({ start, n, q: [p50Us = 0, p95Us = 0, p99Us = 0] }) => ({
        at: Number(start) * 1000,
        count: Number(n),
        p50Us,
        p95Us,
        p99Us,
      })),
    }
  },
}
