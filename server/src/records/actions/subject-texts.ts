import { sql } from 'kysely'
import type { Transaction } from '../transaction.ts'

/** How a name begins that stands in the place of somebody who was erased. */
export const SURROGATE = 'erased-'

/** Texts written by people, or made from their words: where somebody may be named besides the own row. */
const TEXTS = {
  token: ['name', 'metadata', 'resource'],
  finding: ['found', 'touches', 'note', 'assignee'],
  incident: ['title', 'touches'],
  suppression: ['reason', 'subject_key', 'value'],
  mark: ['name', 'service'],
  response: ['because', 'radius', 'reason', 'results', 'failure'],
  leak: ['url', 'reporter', 'note'],
  setting: ['value'],
  import_progress: ['file'],
  approval: ['params', 'ground', 'note'],
  role_grant: ['ground'],
  hold: ['ground', 'release_ground'],
  restriction: ['ground'],
  pack: ['recipient', 'params'],
  review: ['note'],
} as const

/** Terms shorter than this are replaced only where they are a whole JSON string, or a whole text: they are parts of other words. */
const INSIDE_CHARS_MIN = 4

/** Takes the words that name somebody out of every text of a tenant; gives how many texts were changed. */
export async function replaceInTexts(tx: Transaction, tenantNo: number, terms: readonly string[], by: string): Promise<number> {
  const replace = replacer(terms, by)
  let count = 0
  for (const [table, columns] of Object.entries(TEXTS)) {
    for (const column of columns) count += await replaceIn(tx, { table, column, tenantNo, terms, replace })
  }
  return count
}

/** A function that takes terms out of a text: as whole words, in JSON too. */
export function replacer(terms: readonly string[], by: string): (text: string) => string {
  const written = inJsonToo(terms)
  const whole = new RegExp(`^(?:${written.map(escaped).join('|')})$`)
  const long = written.filter(({ length }) => length >= INSIDE_CHARS_MIN).map(escaped)
  const parts = [
    ...long.map((term) => String.raw`(?<![\p{L}\p{N}_])${term}(?![\p{L}\p{N}_])`),
    ...written.map((term) => `(?<=")${escaped(term)}(?=")`),
  ]
  const inside = new RegExp(parts.join('|'), 'giu')
  return (text) => (whole.test(text) ? by : text.replaceAll(inside, by))
}

interface Place {
  readonly table: string
  readonly column: string
  readonly tenantNo: number
  readonly terms: readonly string[]
  readonly replace: (text: string) => string
}

/** Each text that holds a term is read once and replaced wherever it stands. */
async function replaceIn({ db }: Transaction, { table, column, tenantNo, terms, replace }: Place): Promise<number> {
  const [from, name] = [sql.table(table), sql.ref(column)]
  const holds = sql.join(
    inJsonToo(terms).map((term) => sql`lower(${name}) LIKE ${likeText(term)} ESCAPE '!'`),
    sql` OR `,
  )
  const { rows } = await sql<{ text: string }>`
    SELECT DISTINCT ${name} AS text FROM ${from} WHERE tenant_no = ${tenantNo} AND (${holds})`.execute(db)
  for (const { text } of rows) {
    const next = replace(text)
    if (next !== text)
      await sql`UPDATE ${from} SET ${name} = ${next} WHERE tenant_no = ${tenantNo} AND ${name} = ${text}`.execute(db)
  }
  return rows.length
}

/** A term as it stands in a text, and as it stands in JSON. */
function inJsonToo(terms: readonly string[]): readonly string[] {
  return [...new Set(terms.flatMap((term) => [term, JSON.stringify(term).slice(1, -1)]))]
}

function escaped(text: string): string {
  return text.replaceAll(/[\\^$.*+?()[\]{}|]/g, String.raw`\$&`)
}

function likeText(term: string): string {
  return `%${term.toLowerCase().replaceAll(/[!%_]/g, '!$&')}%`
}
