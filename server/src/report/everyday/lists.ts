import type { LastUsedRow } from '../../query/rows.ts'
import type { Answer } from '../../query/answer.ts'
import type { Asked, Askable, Given } from './report.ts'

/** A token as `GET /v1/tokens` lists it, as far as reports read it. */
export interface ListedToken {
  readonly id: string
  readonly kind: string
  readonly state: string
  readonly name: string | null
  readonly owner: string
  readonly environment: string
  readonly scopes: readonly string[]
  readonly issuedAt: string | null
  readonly knownSince: string
  readonly expiresAt: string | null
  readonly generation: number
  readonly graceUntil: string | null
  readonly endedAt: string | null
  readonly ending: string | null
}

/** A token with what is known of its use. */
export interface UsedToken extends ListedToken {
  readonly use: LastUsedRow | undefined
}

const PAGE = 500
/** Tokens whose use is asked for at once: an address has a bound. */
const ASKED_AT_ONCE = 100

/** Every row of a list, page by page: the next page is asked for when it is wanted. */
export async function* pagesOf<Item>({ get }: Asked, route: Askable, given: Given = {}): AsyncIterable<readonly Item[]> {
  let cursor: string | undefined
  do {
    const page = await get<{ readonly items: readonly Item[]; readonly next?: string }>(route, { ...given, cursor, limit: PAGE })
    yield page.items
    cursor = page.next
  } while (cursor !== undefined)
}

/** Every token of a state, newest first, with its use. */
export async function* usedTokens(asked: Asked, given: Given = {}): AsyncIterable<UsedToken> {
  for await (const page of pagesOf<ListedToken>(asked, '/v1/tokens', given)) {
    for (let from = 0; from < page.length; from += ASKED_AT_ONCE)
      yield* await withUse(asked, page.slice(from, from + ASKED_AT_ONCE))
  }
}

async function withUse({ get }: Asked, tokens: readonly ListedToken[]): Promise<readonly UsedToken[]> {
  const ids = tokens.map(({ id }) => id).join(',')
  const { rows } = await get<Answer<LastUsedRow>>('/v1/questions/last-used-by-token', { tokens: ids })
  const byId = new Map(rows.map((row) => [row.token, row]))
  return tokens.map((token) => ({ ...token, use: byId.get(token.id) }))
}

/** Everything that comes. Only for what is known to be few. */
export async function all<Value>(values: AsyncIterable<Value>): Promise<Value[]> {
  const found: Value[] = []
  for await (const value of values) found.push(value)
  return found
}
