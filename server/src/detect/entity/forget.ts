import { networkHash } from './odd.ts'
import type { Memory } from './moment.ts'
import type { Attribute } from './values.ts'

/** Whom detection forgets: numbers only, for it knows no names. */
export interface ForgottenSubject {
  readonly tenantNo: number
  readonly ownerNo: number
  readonly tokens: readonly number[]
}

/**
 * Blanks what was learned of tokens and single-use tokens, and that their owner's tokens used these networks. What a tenant's tokens
 * use among them all stays: it tells no token apart, and ages within two months.
 */
export function forgetSubject(memory: Memory, { tenantNo, ownerNo, tokens }: ForgottenSubject): void {
  for (const tokenNo of tokens) {
    const [high, low] = [Math.floor(tokenNo / 2 ** 32), tokenNo >>> 0]
    const row = memory.tokens.find(high, low)
    if (row >= 0) forgetPlaces(memory, row, { tenant: tenantNo, owner: ownerNo })
    if (row >= 0) memory.tokens.blank(row)
    const single = memory.singles.find(high, low)
    if (single >= 0) memory.singles.blank(single)
    memory.exposures.forget(tokenNo)
  }
}

const SETS = { network: ['networks', 6], asn: ['asns', 3], country: ['countries', 4] } as const satisfies Partial<
  Record<Attribute, readonly ['networks' | 'asns' | 'countries', number]>
>

function forgetPlaces({ peers, tokens }: Memory, row: number, group: { tenant: number; owner: number }): void {
  const t = tokens.fields
  for (const [attribute, [field, count]] of Object.entries(SETS) as [keyof typeof SETS, (typeof SETS)[keyof typeof SETS]][]) {
    for (let i = 0; i < count; i++) peers.forget(group, attribute, t[field].get(row, i))
  }
  for (const field of [t.lastNetwork, t.otherNetwork]) {
    peers.forget(group, 'network', networkHash(field.get(row), field.get(row, 1)))
  }
}
