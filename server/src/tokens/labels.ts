import { withoutSecrets } from '../privacy/secrets.ts'

/** How many different values of a label a tenant may have; what comes later is folded to `other`. */
export const LABELS_MAX = { service: 64, environment: 16, method: 16, route: 10_000, scope: 1000, action: 1000 } as const
export type LabelName = keyof typeof LABELS_MAX

const LABEL_CHARS_MAX = 200

/** Gives the label to record: itself while its tenant's set has room, else `other`. The sets begin anew with the process. */
export type Labels = (tenant: number, name: LabelName, value: string | undefined) => string

type Sets = Readonly<Record<LabelName, Set<string>>>

/** Makes the label sets of all tenants. */
export function createLabels(): Labels {
  const tenants = new Map<number, Sets>()
  let [lastTenant, lastSets] = [NaN, emptySets()]

  /** The labels of one event come one after the other. */
  function setsOf(tenant: number): Sets {
    if (tenant === lastTenant) return lastSets
    const sets = tenants.get(tenant) ?? emptySets()
    tenants.set(tenant, sets)
    ;[lastTenant, lastSets] = [tenant, sets]
    return sets
  }

  return (tenant, name, value) => {
    if (value === undefined || value === '') return ''
    const set = setsOf(tenant)[name]
    if (set.has(value)) return value
    if (value.length > LABEL_CHARS_MAX || set.size >= LABELS_MAX[name] || !value.isWellFormed() || CONTROL.test(value))
      return 'other'
    if (withoutSecrets(value) !== value) return 'other'
    set.add(value)
    return value
  }
}

/** Control and direction-changing characters have no place in a label. */
const CONTROL = /[\p{Cc}\p{Zl}\p{Zp}\u202A-\u202E\u2066-\u2069]/u

function emptySets(): Sets {
  return { service: new Set(), environment: new Set(), method: new Set(), route: new Set(), scope: new Set(), action: new Set() }
}
