import { expect, expectTypeOf, test } from 'vitest'
import type { LiveMessages, LiveSecond as ServerSecond } from '../../server/src/live/messages.ts'
import type { Answer as ServerAnswer } from '../../server/src/query/answer.ts'
import type { Questions as ServerQuestions } from '../../server/src/query/rows.ts'
import type { LiveSecond } from '../src/api/live.ts'
import type { Token, TokenWithFamily } from '../src/api/tokens.ts'
import type { Answer, EventView, QuestionName, Questions } from '../src/api/types.ts'
import type { TokenView } from '../../server/src/http/token-view.ts'
import type {
  BlastRadius,
  Finding,
  FindingDetail,
  FindingState as DashboardState,
  Incident,
  Severity,
  Suppression,
  Verdict,
} from '../src/api/findings.ts'
import type { BlastRadius as ServerRadius } from '../../server/src/detect/desk/blast-radius.ts'
import type { FindingState, Severity as ServerSeverity, Verdict as ServerVerdict } from '../../server/src/records/findings.ts'
import type {
  findingDetailResource,
  findingResource,
  incidentResource,
  suppressionResource,
} from '../../server/src/http/finding-schemas.ts'
import { answer, token } from './recorded.ts'

/** What the server gives can be read by the dashboard, and what the dashboard asks is taken by the server. */
test('rows of every question, answers, tokens and live messages are what the server gives', () => {
  type Rows = { [N in QuestionName]: Questions[N]['row'] }
  type ServerRows = { [N in QuestionName]: ServerQuestions[N]['row'] }
  type Asked = { [N in QuestionName]: Questions[N]['params'] }
  type Taken = { [N in QuestionName]: ServerQuestions[N]['params'] }
  expectTypeOf<ServerRows>().toExtend<Rows>()
  expectTypeOf<Asked>().toExtend<Taken>()
  expectTypeOf<ServerAnswer<EventView>>().toExtend<Answer<EventView>>()
  expectTypeOf<TokenView>().toExtend<Token>()
  expectTypeOf<ServerSecond>().toExtend<LiveSecond>()
  expectTypeOf<LiveMessages['event']>().toExtend<EventView>()
  expectTypeOf<TokenWithFamily>().toExtend<Token>()
})

test('findings, incidents, suppressions and blast radii are what the server gives', () => {
  expectTypeOf<ReturnType<typeof findingResource>>().toExtend<Finding>()
  expectTypeOf<ReturnType<typeof incidentResource>>().toExtend<Incident>()
  expectTypeOf<ReturnType<typeof suppressionResource>>().toExtend<Suppression>()
  expectTypeOf<ReturnType<typeof findingDetailResource>['marks'][number]>().toExtend<FindingDetail['marks'][number]>()
  expectTypeOf<ReturnType<typeof findingDetailResource>['facts']>().toExtend<FindingDetail['facts']>()
  expectTypeOf<ServerRadius>().toExtend<BlastRadius>()
  expectTypeOf<ServerSeverity>().toEqualTypeOf<Severity>()
  expectTypeOf<FindingState>().toEqualTypeOf<DashboardState>()
  expectTypeOf<ServerVerdict>().toEqualTypeOf<Verdict>()
})

test('recorded answers have the fields of a real one', () => {
  expect(Object.keys(answer('totals', new URLSearchParams())).sort()).toEqual([
    'completeness',
    'cost',
    'lateEvents',
    'method',
    'params',
    'question',
    'rows',
    'watermark',
    'window',
  ])
  expect(token(1, 0).id).toHaveLength(16)
})
