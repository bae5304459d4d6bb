import { CLASS } from './classes.ts'
import { EXACT_RAW, type Question } from './question.ts'
import type { UseRow } from './rows.ts'
import { RAW_ATTEMPTS } from './sources.ts'

const LIMIT = 50

/** The figures that every split of a token's use shows; over `class`, `count` and `occurred_at`. */
export const USE_SUMS = `sum(toUInt64(count)) AS attempts, sumIf(toUInt64(count), class = 'accepted') AS ok,
  sumIf(toUInt64(count), class IN ('invalid', 'forbidden')) AS failed,
  toUnixTimestamp64Milli(min(occurred_at)) AS first, toUnixTimestamp64Milli(max(occurred_at)) AS last`

export interface UseSums {
  readonly attempts: string
  readonly ok: string
  readonly failed: string
  readonly first: string
  readonly last: string
}

/** The sums as numbers of an answer. */
export function useOf(row: UseSums): Omit<UseRow, 'name'> {
  return {
    attempts: Number(row.attempts),
    accepted: Number(row.ok),
    failed: Number(row.failed),
    firstAt: Number(row.first),
    lastAt: Number(row.last),
  }
}

/** A question that splits a token's attempts by a label of its events. */
export function useBy<Name extends 'agents-of-token' | 'routes-of-token' | 'services-of-token'>(
  name: Name,
  label: string,
): Pick<Question<'agents-of-token'>, 'fields' | 'method' | 'sql' | 'answer'> & { readonly name: Name } {
  const sql = `SELECT toString(label) AS name, ${USE_SUMS}
    FROM (SELECT ${label} AS label, occurred_at, count, ${CLASS} AS class FROM ${RAW_ATTEMPTS})
    WHERE class != '' GROUP BY label ORDER BY attempts DESC, name LIMIT {limit:UInt16}`
  return {
    name,
    fields: { from: 'required', to: 'required', kind: 'optional', token: 'required', limit: 'optional' },
    method: EXACT_RAW,
    sql: [sql],
    async answer(params, reader) {
      const window = await reader.window(params, 'raw')
      const found = await reader.rows<UseSums & { name: string }>(sql, { ...window, limit: params.limit ?? LIMIT })
      return { rows: found.map((row) => ({ name: row.name, ...useOf(row) })) }
    },
  }
}
