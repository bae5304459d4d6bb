import type { Sql } from '../reader.ts'
import { KINDS, OUTCOMES, POPULATIONS, reasonName } from 'tokentrail'
import { CLASS, IS_ATTEMPT } from '../classes.ts'
import { EXACT, type Question } from '../question.ts'
import type { SeriesKey } from '../rows.ts'
import { eventCounts } from '../sources.ts'
import { STEPS, STEP_START, stepParams } from '../steps.ts'

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

/** Decisions over time. */
export const validationsByStep: Question<'validations-by-step'> = {
  name: 'validations-by-step',
  fields: { from: 'required', to: 'required', kind: 'optional', token: 'optional', step: 'required', by: 'optional' },
  method: EXACT,
  sql: Object.values(SQL),
  async answer(params, reader) {
    const found = await reader.rows<{ start: string; key: string; n: string }>(SQL[params.by ?? 'none'], {
      ...(await reader.window(params, STEPS[params.step].source)),
      ...stepParams(params.step),
    })
    const keyOf = (key: string): string => (params.by === 'reason' ? (reasonName(Number(key)) ?? 'other') : key)
    return { rows: found.map(({ start, key, n }) => ({ at: Number(start) * 1000, key: keyOf(key), count: Number(n) })) }
  },
}
