import type { Journal } from '../journal/journal.ts'
import { TrailError } from '../errors.ts'
import type { Answer, Window } from './answer.ts'
import { createFrames } from './frames.ts'
import { checkParams } from './params.ts'
import type { Question } from './question.ts'
import { openReader, type ReaderParts } from './reader.ts'
import type { QuestionName, Questions } from './rows.ts'
import { QUESTIONS } from './questions.ts'

/** Asks a named question for one tenant. Parameters are checked; `parameter_invalid`, `time_invalid`, `cursor_invalid`, `not_found`. */
export type Ask = <N extends QuestionName>(
  tenantNo: number,
  name: N,
  params: Questions[N]['params'],
  options?: { readonly signal?: AbortSignal },
) => Promise<Answer<Questions[N]['row']>>

export type AskParts = ReaderParts & { readonly journal: Journal }

/** Makes the one door to every named question: scope, checks, cost, watermark and completeness are added here. */
export function createAsk(parts: AskParts): Ask {
  const frames = createFrames(parts)
  return async (tenantNo, name, params, { signal } = {}) => {
    const question = questionOf(name)
    checkParams(question.fields, params)
    const reader = await openReader(parts, tenantNo, signal)
    const window = windowOf(params)
    const framed = frames(tenantNo, window ?? { from: 0, to: reader.now })
    const [found, frame] = await Promise.all([question.answer(params, reader), framed])
    return {
      question: name,
      params: { ...params },
      ...(window ? { window } : {}),
      ...frame,
      method: found.method ?? question.method,
      cost: reader.cost(),
      rows: found.rows,
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
