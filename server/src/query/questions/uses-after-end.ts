import { idsOf } from '../classes.ts'
import { placeOf, placesSql, type PlaceSums } from '../place.ts'
import { EXACT_RAW, type Question } from '../question.ts'

const LIMIT = 200
const SQL = placesSql(`AND outcome = 2 AND reason IN (${idsOf('revoked', 'superseded', 'expired', 'consumed')})`)

/** Rejections as revoked, superseded, expired or consumed: somebody still holds the token. */
export const usesAfterEnd: Question<'uses-after-end'> = {
  name: 'uses-after-end',
  fields: { from: 'required', to: 'required', kind: 'optional', token: 'required' },
  method: EXACT_RAW,
  sql: [SQL],
  async answer(params, reader) {
    const window = await reader.window(params, 'raw')
    return { rows: (await reader.rows<PlaceSums>(SQL, { ...window, limit: LIMIT })).map(placeOf) }
  },
}
