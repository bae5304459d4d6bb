import type { TokenKind } from 'tokentrail'
import type { EventFacts, EventNumber, Records, Refused, TokenRecord } from '../records/records.ts'

type Spend = (
  records: Pick<Records, 'act'>,
  params: { readonly tenantNo: number; readonly no: number; readonly at: number; readonly facts: EventFacts },
) => Promise<Spent | Refused>

/** What was taken. `event` is the critical event that stands for the validation; without one it is noted as a counted event. */
export interface Spent {
  readonly token: TokenRecord
  readonly event: EventNumber | null
}

/** How accepting a token of each kind changes records: guarded, so that no more win than the token allows. */
export const SPENDING: Readonly<Record<TokenKind, Spend>> = {
  action: (records, params) => records.act('consumeToken', params),
  validation: (records, params) => records.act('attemptToken', { ...params, succeeded: true }),
  access: async (records, params) => {
    const used = await records.act('useToken', params)
    return 'refused' in used ? used : { token: used.token, event: null }
  },
}
