import type { Milliseconds } from 'tokentrail'
import { createTally, type Figure } from 'tokentrail/verify'
import { TrailError } from '../../errors.ts'
import type { Completeness, Window } from '../../query/answer.ts'
import { sharedFrames } from '../../query/frames.ts'
import { checkEvidence, type EvidenceParams, type GivenParams } from './params.ts'
import type { AnyEvidenceQuestion, AskedParams, Cell, Column, Source } from './question.ts'
import { openEvidenceReader, type EvidenceReaderParts } from './reader.ts'
import { SEEN_AT, type EvidenceLevel } from './level.ts'
import { EVIDENCE, type EvidenceName } from './questions.ts'

/** A row with the columns that the reader may see, in their order. */
export type SeenRow = Readonly<Record<string, Cell>>

/** What is needed to believe an answer, known before its first row. */
export interface EvidenceHead {
  readonly id: string
  readonly question: EvidenceName
  readonly answers: string
  readonly from: readonly Source[]
  readonly params: Readonly<Record<string, string | number>>
  readonly window: Window
  /** Every event received up to here is counted. */
  readonly watermark: Milliseconds
  readonly completeness: Completeness
  readonly lateEvents: number
  readonly method: string
  readonly cannotShow: string
  readonly level: EvidenceLevel
  readonly columns: Readonly<Record<string, Column>>
  /** Columns that this level leaves out. */
  readonly withheld: readonly string[]
}

/** An answer whose rows are read once, one by one. Its figures are right when the last row was read. */
export interface EvidenceAnswer {
  readonly head: EvidenceHead
  readonly rows: AsyncIterable<SeenRow>
  figures(): readonly Figure[]
  /** Rows read so far. */
  count(): number
  /** Rows that the store read for it so far. */
  cost(): number
}

/** Asks an evidence question for one tenant. */
export type AskEvidence = (
  tenantNo: number,
  name: EvidenceName,
  given: GivenParams,
  options: { readonly level: EvidenceLevel; readonly signal?: AbortSignal },
) => Promise<EvidenceAnswer>

/** Makes the one door to every evidence question: scope, checks, level, watermark and completeness are added here. */
export function createAskEvidence(parts: EvidenceReaderParts): AskEvidence {
  const frames = sharedFrames(parts)
  return async (tenantNo, name, given, { level, signal }) => {
    const question = questionOf(name)
    const params = checkEvidence(question.params, given)
    const window = { from: params.from, to: params.to }
    const { watermark, frame } = frames(tenantNo, window)
    const reader = await openEvidenceReader(parts, tenantNo, window, watermark, signal)
    const { completeness, lateEvents } = await frame
    const shown = Object.entries(question.columns).filter(([, column]) => SEEN_AT[level].has(column.seen))
    const columns = Object.fromEntries(shown)
    const tally = createTally(question.figures)
    let count = 0

    async function* rows(): AsyncIterable<SeenRow> {
      for await (const row of question.rows(params as AskedParams, reader)) {
        tally.take(row)
        count += 1
        const cells = row as SeenRow
        yield Object.fromEntries(shown.map(([column]) => [column, cells[column] ?? null]))
      }
    }

    return {
      head: {
        id: question.id,
        question: name,
        answers: question.answers,
        from: question.from,
        params: ownParams(question.params, params),
        window,
        watermark,
        completeness,
        lateEvents,
        method: question.method,
        cannotShow: question.cannotShow,
        level,
        columns,
        withheld: Object.keys(question.columns).filter((column) => !Object.hasOwn(columns, column)),
      },
      rows: rows(),
      figures: tally.figures,
      count: () => count,
      cost: () => reader.cost().rowsRead + count,
    }
  }
}

function questionOf(name: string): AnyEvidenceQuestion {
  if (!Object.hasOwn(EVIDENCE, name))
    throw new TrailError(
      'not_found',
      `There is no such evidence question. The questions are ${Object.keys(EVIDENCE).join(', ')}.`,
      { input: 'name' },
    )
  return EVIDENCE[name as EvidenceName]
}

function ownParams(defaults: Partial<EvidenceParams>, params: GivenParams): Readonly<Record<string, string | number>> {
  const own = Object.keys(defaults) as (keyof EvidenceParams)[]
  return Object.fromEntries(
    own.flatMap((name) => (params[name] === undefined || params[name] === '' ? [] : [[name, params[name]]])),
  )
}
