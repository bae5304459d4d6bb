import { TrailError } from '../../errors.ts'
import { toRule } from '../rule-row.ts'
import { RULE_VERSIONS_MAX, RULES_MAX, type RuleRecord } from '../rules.ts'
import { note, typeId, type Action, type Transaction } from '../transaction.ts'
import { describeActor, retentionOf } from './token-change.ts'

export const putRule: Action<'putRule'> = async (tx, { tenantNo, id, state, text, digest, at, actor }) => {
  const before = await currentRule(tx, tenantNo, id)
  if (!before) await refuseTooMany(tx, tenantNo)
  const version = text === null ? (before?.version ?? 0) : await versionFor(tx, { tenantNo, id, text, digest, at })
  const values = {
    state,
    version,
    digest: text === null ? (before?.digest ?? digest) : digest,
    changed_at: at,
    changed_by: actor.no,
  }
  await tx.db
    .insertInto('rule')
    .values({ tenant_no: tenantNo, id, ...values })
    .onConflict((conflict) => conflict.columns(['tenant_no', 'id']).doUpdateSet(values))
    .execute()
  const rule = await currentRule(tx, tenantNo, id)
  if (!rule) throw new TypeError('The rule was written in this transaction and is not there.')
  const event = await note(tx, {
    type: typeId('rule.changed'),
    tenant: tenantNo,
    retention: await retentionOf(tx, tenantNo),
    occurredAt: at,
    ...describeActor(actor),
    detail: JSON.stringify({ rule: id, before: before ? shown(before) : null, after: shown(rule) }),
  })
  return { rule, event }
}

function shown({ state, version, digest }: RuleRecord): Record<string, unknown> {
  return { state, version, digest }
}

async function currentRule(tx: Transaction, tenantNo: number, id: string): Promise<RuleRecord | undefined> {
  const row = await tx.db
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
    .where('rule.id', '=', id)
    .executeTakeFirst()
  return row && toRule(row)
}

/** The same text is the same version; another one gets the next number. */
async function versionFor(
  tx: Transaction,
  { tenantNo, id, text, digest, at }: { tenantNo: number; id: string; text: string; digest: string; at: number },
): Promise<number> {
  const newest = await tx.db
    .selectFrom('rule_text')
    .select(['version', 'digest'])
    .where('tenant_no', '=', tenantNo)
    .where('id', '=', id)
    .orderBy('version', 'desc')
    .executeTakeFirst()
  if (newest?.digest === digest) return newest.version
  const version = (newest?.version ?? 0) + 1
  if (version > RULE_VERSIONS_MAX)
    throw new TrailError('too_many_items', `A rule has at most ${RULE_VERSIONS_MAX} versions; save it under another id.`, {
      input: 'text',
    })
  await tx.db.insertInto('rule_text').values({ tenant_no: tenantNo, id, version, digest, text, saved_at: at }).execute()
  return version
}

async function refuseTooMany(tx: Transaction, tenantNo: number): Promise<void> {
  const { count } = await tx.db
    .selectFrom('rule')
    .select((row) => row.fn.countAll().as('count'))
    .where('tenant_no', '=', tenantNo)
    .executeTakeFirstOrThrow()
  if (Number(count) >= RULES_MAX)
    throw new TrailError('too_many_items', `A tenant has at most ${RULES_MAX} rules.`, { input: 'id' })
}
