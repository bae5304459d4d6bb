import { CLASS } from '../classes.ts'
import { EXACT_RAW, type Question } from '../question.ts'
import { RAW_ATTEMPTS } from '../sources.ts'
import { USE_SUMS, type UseSums, useOf } from '../use-of-token.ts'

const SQL = `SELECT toString(scope) AS name, ${USE_SUMS}
  FROM (SELECT scope, occurred_at, count, ${CLASS} AS class FROM ${RAW_ATTEMPTS} AND scope != '')
  WHERE class != '' GROUP BY scope ORDER BY attempts DESC, name LIMIT 500`

/** Granted against used: every scope that was needed or is granted; a granted one that was never needed has no times. */
export const scopesOfToken: Question<'scopes-of-token'> = {
  name: 'scopes-of-token',
  fields: { from: 'required', to: 'required', kind: 'optional', token: 'required' },
  method: `${EXACT_RAW}; granted as the records stand now`,
  sql: [SQL],
  async answer(params, reader) {
    const { scopes } = await reader.token(params.token)
    const found = await reader.rows<UseSums & { name: string }>(SQL, await reader.window(params, 'raw'))
    const used = found.map((row) => ({ name: row.name, ...useOf(row), granted: scopes.includes(row.name) }))
    const unused = scopes.filter((name) => !used.some((row) => row.name === name))
    return {
      rows: [
        ...used,
        ...unused.map((name) => ({ name, attempts: 0, accepted: 0, failed: 0, firstAt: null, lastAt: null, granted: true })),
      ],
    }
  },
}
