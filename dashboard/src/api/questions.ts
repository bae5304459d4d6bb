import { request } from './http.ts'
import type { Answer, QuestionName, Questions } from './types.ts'

/** Asks one named question. */
export function ask<N extends QuestionName>(
  name: N,
  params: Questions[N]['params'],
  signal?: AbortSignal,
): Promise<Answer<Questions[N]['row']>> {
  return request(questionPath(name), { query: { ...params }, ...(signal ? { signal } : {}) })
}

/** Where a question is asked; the same address works with `curl`. */
export function questionPath(name: string): string {
  return `/v1/questions/${name}`
}
