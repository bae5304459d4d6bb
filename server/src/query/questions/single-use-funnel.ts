import { KINDS, TYPES } from 'tokentrail'
import type { Question } from '../question.ts'
import { OF } from '../scope.ts'

const SQL = `SELECT count() AS issued, countIf(sends > 0) AS sent, countIf(bounces > 0) AS undelivered, countIf(tries > 0) AS attempted,
    countIf(uses > 0) AS succeeded, countIf(uses = 0 AND end = ${TYPES['token.expired'].id}) AS expired,
    countIf(end = ${TYPES['token.locked'].id}) AS locked, sum(again) AS replays
  FROM (SELECT max(token_life.kind) AS of_kind, groupBitOr(token_life.special) AS special, min(token_life.issued_at) AS born, sum(token_life.sent) AS sends,
      sum(token_life.undelivered) AS bounces, sum(token_life.attempts) AS tries, sum(token_life.consumed) AS uses,
      sum(token_life.replays) AS again, argMinMerge(token_life.ending) AS end
    FROM ${OF.token_life} GROUP BY token_no)
  WHERE of_kind = {kind:UInt8} AND bitAnd(special, {hidden:UInt8}) = 0
    AND born >= fromUnixTimestamp64Milli({from:Int64}, 'UTC') AND born < fromUnixTimestamp64Milli({to:Int64}, 'UTC')`

/** What became of the single-use tokens issued in the window, as known now. */
export const singleUseFunnel: Question<'single-use-funnel'> = {
  name: 'single-use-funnel',
  fields: { from: 'required', to: 'required', kind: 'required', token: 'optional' },
  method: 'exact: the life of each token as its events tell it; tokens, and replays in attempts',
  sql: [SQL],
  async answer({ from, to, kind }, reader) {
    const [row] = await reader.rows<
      Record<'issued' | 'sent' | 'undelivered' | 'attempted' | 'succeeded' | 'expired' | 'locked' | 'replays', string>
    >(SQL, { from, to, kind: KINDS[kind] })
    const number = (text: string | undefined): number => Number(text ?? 0)
    return {
      rows: [
        {
          issued: number(row?.issued),
          sent: number(row?.sent),
          undelivered: number(row?.undelivered),
          attempted: number(row?.attempted),
          succeeded: number(row?.succeeded),
          expired: number(row?.expired),
          locked: number(row?.locked),
          replays: number(row?.replays),
        },
      ],
    }
  },
}
