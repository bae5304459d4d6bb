import { TrailError } from '../errors.ts'
import type { Answer, Window } from './answer.ts'
import { type FrameParts, sharedFrames } from './frames.ts'
import { checkParams } from './params.ts'
import type { Question } from './question.ts'
import { openReader } from './reader.ts'
import type { QuestionName, Questions } from './rows.ts'
import { QUESTIONS } from './questions.ts'
import { type Sight, WHOLE_SIGHT } from './scope.ts'
import { keepToOwner, narrowed, withoutReason } from './sight.ts'

/** Asks a named question for one tenant. Parameters are checked; `parameter_invalid`, `time_invalid`, `cursor_invalid`, `not_found`. */
export type Ask = <N extends QuestionName>(
  tenantNo: number,
  name: N,
  params: Questions[N]['params'],
  options?: { readonly signal?: AbortSignal; readonly sight?: Sight },
) => Promise<Answer<Questions[N]['row']>>

export type AskParts = FrameParts

/** Makes the one door to every named question: scope, checks, cost, watermark and completeness are added here. */
export function createAsk(parts: AskParts): Ask {
  const frames = sharedFrames(parts)
  return async (tenantNo, name, asked, { signal, sight = WHOLE_SIGHT } = {}) => {
    const question = questionOf(name)
    checkParams(question.fields, asked)
    const params = narrowed(asked, sight)
    const reader = await openReader(parts, tenantNo, signal, sight)
    await keepToOwner(params, reader, sight)
    const window = windowOf(params)
    const shared = frames(tenantNo, window ?? { from: 0, to: reader.now })
    const answered = question.answer(params, window && sight.ownerNo === null ? { ...reader, counts: shared.counts } : reader)
    const [found, { rowsRead, ...frame }] = await Promise.all([answered, shared.frame])
    const cost = reader.cost()
    return {
      question: name,
      params: { ...params },
      ...(window ? { window } : {}),
      watermark: shared.watermark,
      ...frame,
      method: found.method ?? question.method,
      cost: { ...cost, rowsRead: cost.rowsRead + rowsRead },
      rows: sight.reasons ? found.rows : found.rows.map(withoutReason),
      ...(found.next === undefined ? {} : { next: found.next }),
    }
  }
}

function questionOf<N extends QuestionName>(name: N): Question<N> {
  if (!Object.hasOwn(QUESTIONS, name)) {
    throw new TrailError('not_found', `There is no such question. The questions are ${Object.keys(QUESTIONS).join(', ')}.`, {
      input: 'name',
    })
  }
  return QUESTIONS[name]
}

function windowOf(params: object): Window | undefined {
  const { from, to } = params as Partial<Window>
  return from === undefined || to === undefined ? undefined : { from, to }
}
