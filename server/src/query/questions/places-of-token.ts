import { placeOf, placesSql, type PlaceSums } from '../place.ts'
import { EXACT_RAW, type Question } from '../question.ts'

const LIMIT = 50
const SQL = placesSql('')

/** Where a token was used from. */
export const placesOfToken: Question<'places-of-token'> = {
  name: 'places-of-token',
  fields: { from: 'required', to: 'required', kind: 'optional', token: 'required', limit: 'optional' },
  method: EXACT_RAW,
  sql: [SQL],
  async answer(params, reader) {
    const window = await reader.window(params, 'raw')
    return { rows: (await reader.rows<PlaceSums>(SQL, { ...window, limit: params.limit ?? LIMIT })).map(placeOf) }
  },
}
