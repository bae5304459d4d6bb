import type { Milliseconds, TokenKind } from 'tokentrail'
import { TrailError } from '../errors.ts'
import type { Completeness, Window } from '../query/answer.ts'
import type { Ask } from '../query/ask.ts'
import { frameOf } from '../query/frame.ts'
import { checkParams } from '../query/params.ts'
import type { Reader, Sql } from '../query/reader.ts'
import type { LatencyRow, SeriesKey, Step } from '../query/rows.ts'
import { eventCounts } from '../query/sources.ts'
import { STEPS, STEP_START, stepParams } from '../query/steps.ts'
import { type Alike, type Figure, figureOf, FORMULA_TYPES, FORMULAS } from './series-formulas.ts'

const QUANTILES = { latencyP50: 'p50Us', latencyP95: 'p95Us', latencyP99: 'p99Us' } as const satisfies Record<
  string,
  keyof LatencyRow
>

/** Every metric that has a series. */
export type SeriesMetric = keyof typeof FORMULAS | keyof typeof QUANTILES
export const SERIES_METRICS = Object.keys({ ...FORMULAS, ...QUANTILES }) as SeriesMetric[]
export type SeriesBy = Extract<SeriesKey, 'service' | 'kind' | 'population'>

export interface SeriesParams {
  readonly metric: SeriesMetric
  readonly step: Step
  readonly from: Milliseconds
  readonly to: Milliseconds
  readonly by?: SeriesBy
  readonly kind?: TokenKind
}

/** A metric over time. Steps without events, or without a denominator, are left out. */
export interface Series {
  readonly metric: SeriesMetric
  readonly unit: string
  readonly step: Step
  readonly by: SeriesBy | null
  readonly window: Window
  readonly watermark: Milliseconds
  readonly completeness: Completeness
  readonly lateEvents: number
  readonly method: string
  readonly points: readonly ({ readonly at: Milliseconds; readonly key: string } & Figure)[]
}

const SPLITS: Readonly<Record<SeriesBy, string>> = {
  service: 'toString(service)',
  kind: "transform(kind, [1, 2, 3], ['access', 'action', 'validation'], 'none')",
  population: "transform(population, [1, 2, 3], ['attributed', 'unattributed', 'fault'], 'none')",
}
const sqlBy =
  (key: string): Sql =>
  (arms) =>
    `SELECT ${STEP_START} AS start, ${key} AS key, type, outcome, reason, population, sum(count) AS n
  FROM ${eventCounts(arms)} WHERE type IN (${FORMULA_TYPES.join(', ')}) GROUP BY start, key, type, outcome, reason, population ORDER BY start, key`
const SQL = {
  none: sqlBy("''"),
  service: sqlBy(SPLITS.service),
  kind: sqlBy(SPLITS.kind),
  population: sqlBy(SPLITS.population),
} as const

export const SERIES_SQL = Object.values(SQL)

/** Reads a series; `parameter_invalid` for a metric or a split that there is not. */
export async function seriesOf(
  params: SeriesParams,
  ask: Ask,
  reader: Reader,
  watermark: Milliseconds,
  signal?: AbortSignal,
): Promise<Series> {
  const { metric, by, ...window } = params
  checkParams({ from: 'required', to: 'required', kind: 'optional', step: 'required' }, window)
  if (by !== undefined && !isIn(SPLITS, by)) throw refused('by', 'service, kind or population')
  const [found, frame] = await Promise.all([
    pointsOf(params, ask, reader, signal),
    frameOf({ from: params.from, to: params.to }, reader),
  ])
  return {
    metric,
    step: params.step,
    by: by ?? null,
    window: { from: params.from, to: params.to },
    watermark,
    ...frame,
    ...found,
  }
}

async function pointsOf(
  params: SeriesParams,
  ask: Ask,
  reader: Reader,
  signal?: AbortSignal,
): Promise<Pick<Series, 'unit' | 'method' | 'points'>> {
  const { metric, by, step } = params
  if (isIn(QUANTILES, metric)) return quantilesOf(params, metric, ask, reader, signal)
  if (!isIn(FORMULAS, metric)) throw refused('metric', Object.keys({ ...FORMULAS, ...QUANTILES }).join(', '))
  const rows = await reader.rows<Alike>(SQL[by ?? 'none'], {
    ...(await reader.window(params, STEPS[step].source)),
    ...stepParams(step),
  })
  const groups = Map.groupBy(rows, ({ start, key }) => `${start} ${key}`)
  const points = [...groups.values()].flatMap((alike) => {
    const [first] = alike
    const figure = figureOf(metric, alike, STEPS[step].seconds * 1000)
    return first === undefined || figure === null ? [] : [{ at: first.start * 1000, key: first.key, ...figure }]
  })
  return { unit: FORMULAS[metric].unit, method: `exact: ${FORMULAS[metric].doc}`, points }
}

async function quantilesOf(
  { from, to, kind, step, by }: SeriesParams,
  metric: keyof typeof QUANTILES,
  ask: Ask,
  reader: Reader,
  signal?: AbortSignal,
): Promise<Pick<Series, 'unit' | 'method' | 'points'>> {
  if (by !== undefined) throw refused('by', 'left out; latency is not split')
  const answer = await ask(
    reader.tenantNo,
    'latency-by-step',
    { from, to, step, ...(kind ? { kind } : {}) },
    signal ? { signal } : {},
  )
  return {
    unit: 'µs',
    method: answer.method,
    points: answer.rows.map((row) => ({ at: row.at, key: '', value: row[QUANTILES[metric]], denominator: row.count })),
  }
}

function isIn<T extends object>(table: T, name: string): name is keyof T & string {
  return Object.hasOwn(table, name)
}

function refused(input: string, expected: string): TrailError {
  return new TrailError('parameter_invalid', `The parameter ${input} must be ${expected}.`, { input })
}
