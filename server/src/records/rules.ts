import type { Milliseconds } from 'tokentrail'
import type { Actor, EventNumber } from './records.ts'

/** What a rule does: a draft does nothing, a silent one finds and notifies nobody, a retired one is kept for its findings. */
export const RULE_STATES = ['draft', 'silent', 'active', 'retired'] as const
export type RuleState = (typeof RULE_STATES)[number]

/** Rules of a tenant, and states of shipped ones that it chose; and versions of one rule. */
export const RULES_MAX = 500
export const RULE_VERSIONS_MAX = 1000

/** A rule as a tenant has it. `text` is null for a shipped rule, of which only the state is the tenant's own. */
export interface RuleRecord {
  readonly tenantNo: number
  readonly id: string
  readonly state: RuleState
  /** 0 for a shipped rule. */
  readonly version: number
  readonly digest: string
  readonly text: string | null
  readonly changedAt: Milliseconds
  readonly changedBy: number
}

export interface RuleActions {
  /**
   * Saves a rule or its state, with 602 `rule.changed` in the same transaction. Another digest makes a new version; the texts of
   * older ones are kept, since findings name them. `too_many_items` at the bounds.
   */
  putRule(p: {
    tenantNo: number
    id: string
    state: RuleState
    /** `null` leaves the text as it is, or says that the rule is a shipped one. */
    text: string | null
    digest: string
    at: Milliseconds
    actor: Actor
  }): { rule: RuleRecord; event: EventNumber }
}

export interface RuleReads {
  /** By id; at most `RULES_MAX`. */
  rules(tenantNo: number): Promise<readonly RuleRecord[]>
  rule(tenantNo: number, id: string): Promise<RuleRecord | null>
  /** The text of a version that findings may name. */
  ruleText(tenantNo: number, id: string, version: number): Promise<{ readonly text: string; readonly digest: string } | null>
}
