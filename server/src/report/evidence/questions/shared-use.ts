import { IS_ATTEMPT } from '../../../query/classes.ts'
import { IS_METERED_RAW, OF } from '../../../query/scope.ts'
import { ownerRef, tokenRef } from '../names.ts'
import { C, type EvidenceQuestion } from '../question.ts'
import { inGroups } from '../reader.ts'

export interface SharedUseRow {
  readonly token: string
  readonly kind: string
  readonly owner: string | null
  readonly ownerId: string | null
  readonly networks: number
  readonly services: number
  readonly clients: number
  readonly uses: number
  readonly firstAt: number
  readonly lastAt: number
}

const SQL = `SELECT token_no, uniqExactIf(network, network != 0) AS networks, uniqExactIf(service, service != '') AS services,
    uniqExactIf(client_hash, client_hash != 0) AS clients, sum(toUInt64(count)) AS uses,
    toUnixTimestamp64Milli(min(occurred_at)) AS first, toUnixTimestamp64Milli(max(occurred_at)) AS last
  FROM ${OF.events} AND ${IS_METERED_RAW} AND ${IS_ATTEMPT} AND outcome = 1 AND token_no != 0
    AND occurred_at >= fromUnixTimestamp64Milli({from:Int64}, 'UTC') AND occurred_at < fromUnixTimestamp64Milli({to:Int64}, 'UTC')
  GROUP BY token_no HAVING networks > {networks_max:UInt32} OR services > {services_max:UInt32}
  ORDER BY networks DESC, services DESC, token_no`

type Row = Readonly<Record<'token_no' | 'networks' | 'services' | 'clients' | 'uses' | 'first' | 'last', string>>

/** Tokens that more than one holder may be using. */
export const sharedUse: EvidenceQuestion<SharedUseRow> = {
  id: 'Q17',
  answers: 'Which tokens were accepted from more than so many networks or services',
  from: ['S'],
  params: { networks: 3, services: 1 },
  columns: {
    token: C.ref('public id'),
    kind: C.word('kind of token'),
    owner: C.ref('whose token, as a number'),
    ownerId: C.person('whose token'),
    networks: C.count('distinct networks of accepted uses'),
    services: C.count('distinct services that asked'),
    clients: C.count('distinct user agents'),
    uses: C.count('accepted uses'),
    firstAt: C.time('first of them'),
    lastAt: C.time('last of them'),
  },
  key: 'token',
  figures: [
    { name: 'tokens', says: 'tokens used from more networks or services than asked for' },
    { name: 'most-networks', says: 'most networks of one of them', max: 'networks' },
    { name: 'most-services', says: 'most services of one of them', max: 'services' },
    { name: 'uses', says: 'accepted uses of these tokens', sum: 'uses' },
  ],
  method: 'exact: raw events, as far back as they are kept; networks are comparable within a quarter',
  cannotShow: 'whether people share a secret behind one network; whether many networks are one holder that travels',
  async *rows({ networks, services }, reader) {
    const found = reader.stream<Row>(SQL, { ...reader.seen, networks_max: networks, services_max: services })
    for await (const group of inGroups(found)) {
      const tokens = await reader.tokensOf(group.map((row) => Number(row.token_no)))
      yield* group
        .filter((row) => !reader.hides({ token: Number(row.token_no) }))
        .map((row) => {
          const token = tokens.get(Number(row.token_no))
          return {
            token: tokenRef(Number(row.token_no), tokens) ?? '',
            kind: token?.kind ?? 'none',
            owner: ownerRef(token?.ownerNo ?? 0),
            ownerId: token?.ownerId ?? null,
            networks: Number(row.networks),
            services: Number(row.services),
            clients: Number(row.clients),
            uses: Number(row.uses),
            firstAt: Number(row.first),
            lastAt: Number(row.last),
          }
        })
    }
  },
}
