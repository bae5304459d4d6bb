import { TYPES, reasonName } from 'tokentrail'
import { IS_ATTEMPT, reasonsOf } from '../../../query/classes.ts'
import { IS_METERED_RAW, OF } from '../../../query/scope.ts'
import { ownerOf, tokenRef } from '../names.ts'
import { C, type EvidenceQuestion } from '../question.ts'
import { inGroups, type EvidenceReader } from '../reader.ts'

export interface AuthorizationFailureRow {
  readonly key: string
  readonly of: string
  readonly reason: string
  readonly scope: string | null
  readonly token: string | null
  readonly principal: string | null
  readonly principalId: string | null
  readonly count: number
  readonly firstAt: number
  readonly lastAt: number
}

const READING = TYPES['reading.rejected'].id
const SQL = `SELECT type = ${READING} AS reading, reason, toString(scope) AS needed, token_no, if(type = ${READING}, actor_no, owner_no) AS who,
    sum(toUInt64(count)) AS n, toUnixTimestamp64Milli(min(occurred_at)) AS first, toUnixTimestamp64Milli(max(occurred_at)) AS last
  FROM ${OF.events} AND ${IS_METERED_RAW}
    AND occurred_at >= fromUnixTimestamp64Milli({from:Int64}, 'UTC') AND occurred_at < fromUnixTimestamp64Milli({to:Int64}, 'UTC')
    AND (type = ${READING} OR (${IS_ATTEMPT} AND outcome = 2 AND reason IN (${reasonsOf('forbidden').join(', ')})))
  GROUP BY reading, reason, needed, token_no, who ORDER BY reading, n DESC, reason, needed, token_no, who`

interface Row {
  readonly reading: number
  readonly reason: number
  readonly needed: string
  readonly token_no: string
  readonly who: number
  readonly n: string
  readonly first: string
  readonly last: string
}

/** What was refused although the credential was good. */
export const authorizationFailures: EvidenceQuestion<AuthorizationFailureRow> = {
  id: 'Q7',
  answers: 'What was refused to whom although the credential was good, by reason and scope',
  from: ['S'],
  params: {},
  columns: {
    key: C.ref('names the row'),
    of: C.word('token: at the application; reading: of figures and rows here'),
    reason: C.word('exact reason'),
    scope: C.word('scope that was needed'),
    token: C.ref('public id of the token'),
    principal: C.ref('whose token, or who read, as a number'),
    principalId: C.person('whose token, or who read'),
    count: C.count('refusals'),
    firstAt: C.time('first of them'),
    lastAt: C.time('last of them'),
  },
  key: 'key',
  figures: [
    { name: 'refusals', says: 'refusals to tokens', where: { of: 'token' }, sum: 'count' },
    {
      name: 'scope-missing',
      says: 'of them for a scope that was not granted',
      where: { of: 'token', reason: 'scope_missing' },
      sum: 'count',
      share: 'refusals',
    },
    {
      name: 'address-forbidden',
      says: 'of them from outside the addresses that the token is bound to',
      where: { of: 'token', reason: 'address_forbidden' },
      sum: 'count',
      share: 'refusals',
    },
    { name: 'reading-refusals', says: 'refusals of figures and rows here', where: { of: 'reading' }, sum: 'count' },
    {
      name: 'reading-role-missing',
      says: 'of them for a role that does not permit it',
      where: { of: 'reading', reason: 'role_missing' },
      sum: 'count',
      share: 'reading-refusals',
    },
  ],
  method: 'exact: raw events, as far back as they are kept',
  cannotShow: 'refusals that the application makes after the token was accepted',
  async *rows(_params, reader) {
    for await (const group of inGroups(reader.stream<Row>(SQL, { ...reader.seen }))) yield* await named(group, reader)
  },
}

async function named(rows: readonly Row[], reader: EvidenceReader): Promise<readonly AuthorizationFailureRow[]> {
  const [tokens, owners] = await Promise.all([
    reader.tokensOf(rows.map((row) => Number(row.token_no))),
    reader.ownersOf(rows.map((row) => row.who)),
  ])
  return rows.flatMap((row) => {
    if (reader.hides({ owner: row.who, token: Number(row.token_no) })) return []
    const of = row.reading === 1 ? 'reading' : 'token'
    const reason = reasonName(row.reason) ?? String(row.reason)
    const { owner: principal, ownerId: principalId } = ownerOf(row.who, owners)
    const token = tokenRef(Number(row.token_no), tokens)
    const scope = row.needed === '' ? null : row.needed
    const key = [of, reason, scope ?? '-', token ?? '-', principal ?? '-'].join('/')
    const times = { count: Number(row.n), firstAt: Number(row.first), lastAt: Number(row.last) }
    return [{ key, of, reason, scope, token, principal, principalId, ...times }]
  })
}
