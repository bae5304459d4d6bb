import type { Milliseconds } from 'tokentrail'
import type { Actor, TokenRecord } from './records.ts'

/** Emergency denials, as actions of records. */
export interface DenialActions {
  /**
   * 108 `token.suspended` with `emergency: true`: what a node refused at its door by itself enters records. The same key is taken once.
   * The tokens it is about are suspended, those that have ended or are suspended stay as they are; the event comes in any case, also
   * for an id that nobody has. Gives the tokens.
   */
  enterDenial(p: {
    key: string
    tokenId: string
    /** `null`: every tenant's token of this id. */
    tenantNo: number | null
    /** Tenant that keeps the event of an id that nobody has. */
    installTenantNo: number
    deniedAt: Milliseconds
    at: Milliseconds
    actor: Actor
  }): readonly TokenRecord[]
}
