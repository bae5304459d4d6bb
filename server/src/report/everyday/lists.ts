import type { Answer } from '../../query/answer.ts'
import type { LastUsedRow } from '../../query/rows.ts'
import type { Askable, Asked, Given } from './report.ts'

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

/** What is asked for a list of tokens with their use. */
export const TOKENS_AND_USE = ['/v1/tokens', '/v1/questions/last-used-by-token'] as const satisfies readonly Askable[]

const PAGE = 500
/** Ids in one question, below what its parameter may hold. */
const ID_CHARS_MAX = 19_000

/** Every page of a list: the next one is asked for when it is wanted. */
export async function* pagesOf<Item>(
  { get }: Pick<Asked, 'get'>,
  route: Askable,
  given: Given = {},
): AsyncIterable<readonly Item[]> {
  let cursor: string | undefined
  do {
    const page = await get<{ readonly items: readonly Item[]; readonly next?: string }>(route, { ...given, cursor, limit: PAGE })
    yield page.items
    cursor = page.next
  } while (cursor !== undefined)
}

/** Every row of a list. */
export async function* itemsOf<Item>(asked: Pick<Asked, 'get'>, route: Askable, given: Given = {}): AsyncIterable<Item> {
  for await (const page of pagesOf<Item>(asked, route, given)) yield* page
}

/** Every token that a filter lists, newest first, with its use. */
export async function* usedTokens(asked: Pick<Asked, 'get'>, given: Given = {}): AsyncIterable<UsedToken> {
  for await (const page of pagesOf<ListedToken>(asked, '/v1/tokens', given)) {
    for (const some of inQuestions(page)) yield* await withUse(asked, some)
  }
}

/** So many tokens as one question takes. */
function* inQuestions(tokens: readonly ListedToken[]): Iterable<readonly ListedToken[]> {
  let [some, chars]: [ListedToken[], number] = [[], 0]
  for (const token of tokens) {
    if (chars + token.id.length + 1 > ID_CHARS_MAX) {
      yield some
      some = []
      chars = 0
    }
    some.push(token)
    chars += token.id.length + 1
  }
  if (some.length > 0) yield some
}

async function withUse({ get }: Pick<Asked, 'get'>, tokens: readonly ListedToken[]): Promise<readonly UsedToken[]> {
  // A foreign id may hold the sign that divides ids: its use cannot be asked for in a list.
  const ids = tokens.flatMap(({ id }) => (id.includes(',') ? [] : [id])).join(',')
  if (ids === '') return tokens.map((token) => ({ ...token, use: undefined }))
  const { rows } = await get<Answer<LastUsedRow>>('/v1/questions/last-used-by-token', { tokens: ids })
  const byId = new Map(rows.map((row) => [row.token, row]))
  return tokens.map((token) => ({ ...token, use: byId.get(token.id) }))
}

/** Tokens that a report with sums looks at. */
const LOOKED_MAX = 20_000

export interface Looked {
  readonly tokens: readonly UsedToken[]
  /** There are more tokens than are looked at. */
  readonly more: boolean
  /** Accepted attempts of all of them in the last 30 days. */
  readonly accepted30d: number
}

/** The active tokens, the newest of them where there are many, read once for all sections. */
export function activeTokens(asked: Asked): Promise<Looked> {
  return asked.once('active tokens', async () => {
    const tokens: UsedToken[] = []
    let more = false
    for await (const token of usedTokens(asked, { state: 'active' })) {
      more = tokens.length === LOOKED_MAX
      if (more) break
      tokens.push(token)
    }
    return { tokens, more, accepted30d: tokens.reduce((sum, { use }) => sum + (use?.accepted30d ?? 0), 0) }
  })
}
