import { TYPES } from 'tokentrail'
import { EVENT_FIELDS, type EventRowOut, viewsOf } from '../event-view.ts'
import { ROWS_MAX } from '../params.ts'
import { EXACT_RAW, type Question } from '../question.ts'
import { OF } from '../scope.ts'

const SQL = `SELECT ${EVENT_FIELDS} FROM ${OF.events} AND token_no = {token:UInt64} AND type != ${TYPES['token.validated'].id}
  ORDER BY occurred_at, writer, seq LIMIT ${ROWS_MAX}`

/** Everything that happened in a token's life but its single validations, oldest first. */
export const tokenLifeLine: Question<'token-life-line'> = {
  name: 'token-life-line',
  fields: { token: 'required' },
  method: `${EXACT_RAW}; the first ${ROWS_MAX}`,
  sql: [SQL],
  async answer({ token }, reader) {
    const { no } = await reader.token(token)
    return { rows: await viewsOf(await reader.rows<EventRowOut>(SQL, { token: no }), reader) }
  },
}
