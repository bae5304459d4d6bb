import { expect, expectTypeOf, test } from 'vitest'
import type { LiveMessages, LiveSecond as ServerSecond } from '../../server/src/live/messages.ts'
import type { Answer as ServerAnswer } from '../../server/src/query/answer.ts'
import type { Questions as ServerQuestions } from '../../server/src/query/rows.ts'
import type { LiveSecond } from '../src/api/live.ts'
import type { Token, TokenWithFamily } from '../src/api/tokens.ts'
import type { Answer, EventView, QuestionName, Questions } from '../src/api/types.ts'
import type { TokenView } from '../../server/src/http/token-view.ts'
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
