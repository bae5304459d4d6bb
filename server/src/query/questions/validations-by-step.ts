import type { Sql } from '../reader.ts'
import { KINDS, OUTCOMES, POPULATIONS, reasonName } from 'tokentrail'
import { CLASS, IS_ATTEMPT } from '../classes.ts'
import { EXACT, type Question } from '../question.ts'
import type { Questions, SeriesKey } from '../rows.ts'
import { eventCounts, KEPT, oneTokenCounts } from '../sources.ts'
import { STEPS, STEP_START, stepParams } from '../steps.ts'

type Params = Questions['validations-by-step']['params']

const nameIn = (table: Readonly<Record<string, number>>): string =>
  `transform(CAST(KEY AS UInt8), [${Object.values(table).join(', ')}], [${Object.keys(table)
    .map((name) => `'${name}'`)
    .join(', ')}], 'other')`

/** What a series is split by, as text. Reasons are named afterwards, for there are many. */
const KEYS: Readonly<Record<SeriesKey | 'none', string>> = {
  none: "''",
  class: 'class',
  outcome: nameIn(OUTCOMES).replace('KEY', 'outcome'),
  reason: 'toString(reason)',
  kind: nameIn(KINDS).replace('KEY', 'kind'),
  service: 'toString(service)',
  population: nameIn(POPULATIONS).replace('KEY', 'population'),
}

const sqlBy =
  (key: SeriesKey | 'none'): Sql =>
  (arms) =>
    `SELECT ${STEP_START} AS start, ${KEYS[key]} AS key, sum(count) AS n
  FROM (SELECT *, ${CLASS} AS class FROM ${eventCounts(arms)}) WHERE ${IS_ATTEMPT} AND class != ''
  GROUP BY start, key ORDER BY start, key`

const SQL: Readonly<Record<SeriesKey | 'none', Sql>> = {
  none: sqlBy('none'),
  class: sqlBy('class'),
  outcome: sqlBy('outcome'),
  reason: sqlBy('reason'),
  kind: sqlBy('kind'),
  service: sqlBy('service'),
  population: sqlBy('population'),
}

/** One token's days by class stand in its own roll-up; every other split of a token is read raw. */
const oneTokenSql =
  (key: string): Sql =>
  (arms) =>
    `SELECT ${STEP_START} AS start, ${key} AS key, sum(pair.2) AS n
  FROM (SELECT at, arrayJoin([('accepted', accepted), ('invalid', invalid), ('forbidden', forbidden), ('throttled', throttled),
    ('unavailable', unavailable)]) AS pair FROM ${oneTokenCounts(arms)}) GROUP BY start, key HAVING n > 0 ORDER BY start, key`
const ONE_TOKEN = { none: oneTokenSql("''"), class: oneTokenSql('pair.1') } as const

/** Decisions over time. */
export const validationsByStep: Question<'validations-by-step'> = {
  name: 'validations-by-step',
  fields: { from: 'required', to: 'required', kind: 'optional', token: 'optional', step: 'required', by: 'optional' },
  method: EXACT,
  sql: [...Object.values(SQL), ...Object.values(ONE_TOKEN)],
  async answer(params, reader) {
    const { sql, source } = planOf(params)
    const found = await reader.rows<{ start: number; key: string; n: number }>(sql, {
      ...(await reader.window(params, source)),
      ...stepParams(params.step),
    })
    const keyOf = (key: string): string => (params.by === 'reason' ? (reasonName(Number(key)) ?? 'other') : key)
    return { rows: found.map(({ start, key, n }) => ({ at: start * 1000, key: keyOf(key), count: n })) }
  },
}

function planOf({ token, kind, step, ...params }: Params): { readonly sql: Sql; readonly source: keyof typeof KEPT } {
  const by = params.by ?? 'none'
  const { source } = STEPS[step]
  const ofDays = token !== undefined && kind === undefined && source === 'day'
  if (ofDays && (by === 'none' || by === 'class')) return { sql: ONE_TOKEN[by], source: 'oneTokenDay' }
  return { sql: SQL[by], source }
}
