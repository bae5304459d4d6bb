import type { Fields } from './params.ts'
import type { Reader, Sql } from './reader.ts'
import type { QuestionName, Questions } from './rows.ts'

export interface Found<Row> {
  readonly rows: readonly Row[]
  readonly next?: string
  /** Where it depends on what was found: instead of the question's own. */
  readonly method?: string
}

/** A named question: what it takes, how it is answered, and every SQL text it may run. */
export interface Question<N extends QuestionName> {
  readonly name: N
  readonly fields: Fields<Questions[N]['params']>
  readonly method: string
  readonly sql: readonly Sql[]
  answer(params: Questions[N]['params'], reader: Reader): Promise<Found<Questions[N]['row']>>
}

/** How an exact count was made. */
export const EXACT = 'exact: roll-ups for whole steps, raw events at the edges of the window'
export const EXACT_RAW = 'exact: raw events'
