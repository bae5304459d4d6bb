import { ROWS_MAX } from '../params.ts'
import { EXACT, type Question } from '../question.ts'
import type { Sql } from '../reader.ts'
import { oneTokenScopes } from '../sources.ts'

const SQL: Sql = (arms) => `SELECT toString(scope) AS name, sum(attempts) AS tries, sum(accepted) AS ok, sum(failed) AS refused,
    toUnixTimestamp64Milli(min(first_at)) AS first, toUnixTimestamp64Milli(max(last_at)) AS last
  FROM ${oneTokenScopes(arms)} GROUP BY scope ORDER BY tries DESC, name LIMIT ${ROWS_MAX}`

interface Row {
  readonly name: string
  readonly tries: number
  readonly ok: number
  readonly refused: number
  readonly first: number
  readonly last: number
}

/** Granted against used: every scope that was needed or is granted; a granted one that was never needed has no times. */
export const scopesOfToken: Question<'scopes-of-token'> = {
  name: 'scopes-of-token',
  fields: { from: 'required', to: 'required', kind: 'optional', token: 'required' },
  method: `${EXACT}; granted as the records stand now`,
  sql: [SQL],
  async answer(params, reader) {
    const { scopes } = await reader.token(params.token)
    const found = await reader.rows<Row>(SQL, await reader.window(params, params.kind === undefined ? 'oneTokenDay' : 'raw'))
    const used = found.map(({ name, tries, ok, refused, first, last }) => {
      return {
        name,
        attempts: tries,
        accepted: ok,
        failed: refused,
        firstAt: first,
        lastAt: last,
        granted: scopes.includes(name),
      }
    })
    const unused = scopes.filter((name) => !used.some((row) => row.name === name))
    return {
      rows: [
        ...used,
        ...unused.map((name) => ({ name, attempts: 0, accepted: 0, failed: 0, firstAt: null, lastAt: null, granted: true })),
      ],
    }
  },
}
