import type { Milliseconds } from 'tokentrail'
import type { Cell, ColumnForm, FigureRule } from 'tokentrail/verify'
import type { Window } from '../../query/answer.ts'
import type { EvidenceParams } from './params.ts'
import type { EvidenceReader } from './reader.ts'

export type { Cell, ColumnForm }

/** Who may see a column at all: identified ones leave only in a pack that two people agreed to. */
export type Seen = 'aggregate' | 'pseudonymous' | 'identified'

export interface Column {
  readonly form: ColumnForm
  readonly seen: Seen
  readonly doc: string
}

/** Where an answer comes from: R records, S store, L log. */
export type Source = 'R' | 'S' | 'L'

/** An evidence question as whoever does not care for the type of its rows sees it. */
export interface AnyEvidenceQuestion {
  /** `Q1` … `Q22`. */
  readonly id: string
  /** What it answers, for people. */
  readonly answers: string
  readonly from: readonly Source[]
  /** Beside `from` and `to`, with their defaults. */
  readonly params: Partial<EvidenceParams>
  readonly columns: Readonly<Record<string, Column>>
  /** Column that names a row, for samples. */
  readonly key: string
  readonly figures: readonly FigureRule[]
  readonly method: string
  /** What the answer leaves open, said with every one. */
  readonly cannotShow: string
  rows(params: AskedParams, reader: EvidenceReader): AsyncIterable<object>
}

/** A named evidence question: what it takes, its typed rows, its figures, and what it leaves open. */
export interface EvidenceQuestion<Row extends object> extends AnyEvidenceQuestion {
  readonly columns: { readonly [K in keyof Row]-?: Column }
  readonly key: keyof Row & string
  rows(params: AskedParams, reader: EvidenceReader): AsyncIterable<Row>
}

/** Parameters with every default filled in, and the window that the answer covers. */
export type AskedParams = EvidenceParams & Window

/** Milliseconds or nothing. */
export type MaybeTime = Milliseconds | null

const column =
  (form: ColumnForm, seen: Seen) =>
  (doc: string): Column => ({ form, seen, doc })

/** Columns by what they hold. */
export const C = {
  /** A word of ours: a type, a state, a reason. */
  word: column('text', 'aggregate'),
  /** Names one token, network or event without naming a person. */
  ref: column('text', 'pseudonymous'),
  /** Names a person or what a person typed. */
  person: column('text', 'identified'),
  time: column('time', 'pseudonymous'),
  count: column('count', 'aggregate'),
  duration: column('duration', 'aggregate'),
  days: column('days', 'aggregate'),
  flag: column('flag', 'aggregate'),
  share: column('share', 'aggregate'),
} as const
