import { IS_METERED, OF } from '../../../query/scope.ts'
import type { TokenRecord } from '../../../records/records.ts'
import { livesOn } from '../lived.ts'
import { ownerOfToken } from '../names.ts'
import { C, type EvidenceQuestion } from '../question.ts'
import type { EvidenceReader } from '../reader.ts'

export interface ScopeExcessRow {
  readonly token: string
  readonly kind: string
  readonly owner: string
  readonly ownerId: string
  readonly granted: number
  readonly used: number
  readonly excess: number
  readonly unused: string
  readonly refused: number
}

/** Scopes kept of one token; a token has far fewer. */
const SCOPES_MAX = 1000
const SQL = `SELECT token_no, groupUniqArrayIf(${SCOPES_MAX})(toString(scope), accepted > 0) AS used, sum(failed) AS refused
  FROM ${OF.scope_day} AND token_no IN {tokens:Array(UInt64)} AND ${IS_METERED}
    AND day >= toDate({first_day:UInt16}) AND day <= toDate({last_day:UInt16})
  GROUP BY token_no`
const DAY_MS = 86_400_000

/** What each living token may do, against what it did. */
export const scopeExcess: EvidenceQuestion<ScopeExcessRow> = {
  id: 'Q5',
  answers: 'Which scopes are granted and not used',
  from: ['S', 'R'],
  params: {},
  columns: {
    token: C.ref('public id'),
    kind: C.word('kind of token'),
    owner: C.ref('whose token, as a number'),
    ownerId: C.person('whose token'),
    granted: C.count('scopes that it has'),
    used: C.count('of them needed by an accepted use in the window'),
    excess: C.count('of them never needed'),
    unused: C.ref('their names'),
    refused: C.count('attempts of the window that were refused, whatever their scope'),
  },
  key: 'token',
  figures: [
    { name: 'tokens', says: 'living tokens with scopes' },
    { name: 'with-excess', says: 'of them with a scope that was never needed', where: { excess: { above: 0 } }, share: 'tokens' },
    { name: 'granted', says: 'scopes granted', sum: 'granted' },
    { name: 'excess', says: 'of them never needed in the window', sum: 'excess', share: 'granted' },
  ],
  method: 'exact: days of each token and scope, the window widened to whole days; granted as the records stand now',
  cannotShow: 'whether an unused scope has a business need; uses that never named a scope',
  async *rows(_params, reader) {
    for await (const page of reader.tokenPages()) {
      const living = page.filter((token) => token.scopes.length > 0 && livesOn(token, reader.seen, reader.now))
      if (living.length > 0) yield* await rowsOf(living, reader)
    }
  },
}

async function rowsOf(tokens: readonly TokenRecord[], reader: EvidenceReader): Promise<readonly ScopeExcessRow[]> {
  const { from, to } = reader.seen
  const found = await reader.rows<{ token_no: string; used: readonly string[]; refused: string }>(SQL, {
    tokens: tokens.map(({ no }) => no),
    first_day: Math.floor(from / DAY_MS),
    last_day: Math.floor(Math.max(from, to - 1) / DAY_MS),
  })
  const byNo = new Map(found.map((row) => [Number(row.token_no), row]))
  return tokens.map((token) => {
    const row = byNo.get(token.no)
    const unused = token.scopes.filter((scope) => !(row?.used.includes(scope) ?? false))
    return {
      token: token.id,
      kind: token.kind,
      ...ownerOfToken(token),
      granted: token.scopes.length,
      used: token.scopes.length - unused.length,
      excess: unused.length,
      unused: unused.join(' '),
      refused: Number(row?.refused ?? 0),
    }
  })
}
