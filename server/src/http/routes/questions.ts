import type { Answer } from '../../query/answer.ts'
import type { QuestionName, Questions } from '../../query/rows.ts'
import { type App, callerOf, principalOf } from '../app.ts'
import { seesCanaries, withoutCanaries } from '../canary-veil.ts'
import type { HttpParts } from '../parts.ts'
import { QUESTION_ROUTES, querySchema } from '../questions.ts'
import { answerOf } from '../schemas.ts'
import { sightOf } from '../sight.ts'
import { parseWindow } from '../times.ts'

const DAY_MS = 86_400_000
type Query = Readonly<Record<string, string | number>>

/** One route for each named question, and `GET /v1/events` as the short name of the most used one. */
export function questionRoutes(app: App, parts: HttpParts): void {
  for (const name of Object.keys(QUESTION_ROUTES) as QuestionName[]) addQuestion(app, parts, name, `/v1/questions/${name}`)
  addQuestion(app, parts, 'events-page', '/v1/events')
}

function addQuestion(app: App, parts: HttpParts, name: QuestionName, url: string): void {
  const { permission, summary } = QUESTION_ROUTES[name]
  app.get(
    url,
    {
      config: { permission, reading: true, own: 'token' },
      schema: {
        tags: ['questions'],
        summary,
        description: 'Without `from` and `to` the window is the last 24 hours. Times of rows are milliseconds.',
        querystring: querySchema(name),
        response: { 200: answerOf(`rows of the question ${name}`) },
      },
    },
    async (request) => {
      const principal = principalOf(request)
      const query = request.query as Query
      if ('token' in query && permission !== 'rows:read') parts.access.require(principal, 'rows:read', callerOf(request))
      const answer: Answer<unknown> = await parts.ask(principal.tenantNo, name, paramsOf(name, query, parts), {
        signal: request.signal,
        sight: sightOf(parts.access, principal, permission),
      })
      await parts.access.budget.charge(principal, answer.cost.rowsRead, request.asked ?? undefined)
      return {
        ...answer,
        params: { ...answer.params },
        rows: withoutCanaries(answer.rows, seesCanaries(parts.access, request)),
        completeness: { ...answer.completeness, lost: { ...answer.completeness.lost } },
      }
    },
  )
}

/** Text becomes what the question takes; the question itself checks the rest. */
function paramsOf<N extends QuestionName>(name: N, query: Query, { clock }: HttpParts): Questions[N]['params'] {
  const { from, to, tokens, ...rest } = query
  const window = hasWindow(name) ? parseWindow(textsOf({ from, to }), clock.now(), DAY_MS) : {}
  const list = tokens === undefined ? {} : { tokens: String(tokens).split(',') }
  return { ...rest, ...window, ...list } as Questions[N]['params']
}

function hasWindow(name: QuestionName): boolean {
  return 'from' in QUESTION_ROUTES[name].query
}

function textsOf({ from, to }: { from: string | number | undefined; to: string | number | undefined }): {
  from?: string
  to?: string
} {
  return { ...(from === undefined ? {} : { from: String(from) }), ...(to === undefined ? {} : { to: String(to) }) }
}
