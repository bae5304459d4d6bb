import { toRule } from './rule-row.ts'
import { type RuleReads, RULES_MAX } from './rules.ts'
import type { Database } from './schema.ts'

/** Reads of rules; `answer` turns failures of the database into ours. */
export function readsOfRules(db: Database, answer: <Value>(read: () => Promise<Value>) => Promise<Value>): RuleReads {
  const rules = (tenantNo: number) =>
    db
      .selectFrom('rule')
      .leftJoin('rule_text', (join) =>
        join
          .onRef('rule_text.tenant_no', '=', 'rule.tenant_no')
          .onRef('rule_text.id', '=', 'rule.id')
          .onRef('rule_text.version', '=', 'rule.version'),
      )
      .selectAll('rule')
      .select('rule_text.text')
      .where('rule.tenant_no', '=', tenantNo)
  return {
    rules: async (tenantNo) => (await answer(() => rules(tenantNo).orderBy('rule.id').limit(RULES_MAX).execute())).map(toRule),
    rule: async (tenantNo, id) => {
      const row = await answer(() => rules(tenantNo).where('rule.id', '=', id).executeTakeFirst())
      return row ? toRule(row) : null
    },
    ruleText: async (tenantNo, id, version) => {
      const row = await answer(() =>
        db
          .selectFrom('rule_text')
          .select(['text', 'digest'])
          .where('tenant_no', '=', tenantNo)
          .where('id', '=', id)
          .where('version', '=', version)
          .executeTakeFirst(),
      )
      return row ?? null
    },
  }
}
