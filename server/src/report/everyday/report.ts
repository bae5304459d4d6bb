import type { Milliseconds } from 'tokentrail'
import type { Window } from '../../query/answer.ts'
import type { Form } from './cells.ts'
import type { ReportParams } from './params.ts'

/** A value of a row: flat, so that a row is a line of CSV, of NDJSON, of a sheet and of a table alike. */
export type Cell = string | number | boolean | null
export type Row = Readonly<Record<string, Cell>>

export interface Column {
  readonly title: string
  readonly form: Form
  /** A document says it already in another way. */
  readonly onlyInFiles?: true
}
export type Columns = Readonly<Record<string, Column>>

/** Who reads it; the words and their order are theirs. */
export const READERS = {
  developer: 'state, what to do, detail',
  security: 'what happened, evidence, response',
  everyone: 'one page',
} as const
export type ReaderName = keyof typeof READERS

/** The routes of reading that sections may ask. Each keeps to itself what the reader may not see. */
export const ASKABLE = [
  '/v1/questions/totals',
  '/v1/questions/validations-by-step',
  '/v1/questions/rejections-by-reason',
  '/v1/questions/latency-by-step',
  '/v1/questions/top-tokens',
  '/v1/questions/top-networks',
  '/v1/questions/places-of-token',
  '/v1/questions/agents-of-token',
  '/v1/questions/routes-of-token',
  '/v1/questions/services-of-token',
  '/v1/questions/scopes-of-token',
  '/v1/questions/uses-after-end',
  '/v1/questions/token-life-line',
  '/v1/questions/single-use-funnel',
  '/v1/questions/last-used-by-token',
  '/v1/metrics/tokens',
  '/v1/metrics/series',
  '/v1/tokens',
  '/v1/tokens/:id',
  '/v1/findings',
  '/v1/findings/counts',
  '/v1/findings/precision',
  '/v1/incidents',
  '/v1/incidents/:id',
  '/v1/responses',
  '/v1/leaks',
] as const
export type Askable = (typeof ASKABLE)[number]

/** What is given to a route: an id in its path, and its query. */
export interface Given {
  readonly id?: string
  readonly [parameter: string]: string | number | undefined
}

/** Asks a route of the API as the reader of the report: with their role, their period, their veils and their budget. */
export type Get = <Answer extends object>(route: Askable, given?: Given) => Promise<Answer>

/** What a section makes its rows from. */
export interface Asked {
  readonly window: Window
  readonly params: ReportParams
  readonly get: Get
  /** What several sections need, made once. */
  once<Value>(name: string, make: () => Promise<Value>): Promise<Value>
}

/** One table of a report. */
export interface Section {
  readonly name: string
  readonly title: string
  /** What it answers, and what a reader does with it. */
  readonly says: string
  /** All that it asks: nothing else is answered. */
  readonly asks: readonly Askable[]
  readonly columns: Columns
  /** `figures`: a name and a value in each row; `steps`: amounts over time, which are also drawn. */
  readonly as?: 'figures' | 'steps'
  rows(asked: Asked): AsyncIterable<Row>
  /** What a document says in words about the rows it shows. */
  words?(rows: readonly Row[]): readonly string[]
}

/** A report as it stands in the catalogue. */
export interface Report {
  readonly reader: ReaderName
  readonly title: string
  /** The question that it answers. */
  readonly answers: string
  /** Length of the window where none is given; `month` is the last whole month. */
  readonly days: number | 'month'
  readonly params: Partial<ReportParams>
  /** Parameters without which it cannot be made. */
  readonly needs?: readonly (keyof ReportParams)[]
  readonly sections: readonly Section[]
}

/** Times in answers of records are texts, in answers of questions milliseconds. */
export function timeOf(given: string | number | null | undefined): Milliseconds | null {
  return given === null || given === undefined ? null : typeof given === 'number' ? given : Date.parse(given)
}
