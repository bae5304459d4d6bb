/** How many different values of a label one tenant may have; whatever comes later is folded to `other`. */
export const LABEL_COUNTS_MAX = { service: 64, environment: 16, method: 16, route: 10_000, scope: 1_000, action: 1_000 } as const
export type Label = keyof typeof LABEL_COUNTS_MAX

/** What a value beyond the bound is called. */
export const FOLDED = 'other'

export interface Labels {
  /** The value itself, or `other` when the tenant has spent its bound. The empty text is no value. */
  fold(tenantNo: number, label: Label, value: string): string
}

const TENANTS_MAX = 1_000

/**
 * Bounds the labels that callers choose, so that no caller can fill the store's dictionaries. The sets live in this
 * process and begin anew when it starts: over many restarts a tenant can have more values than the bound, never without one.
 */
export function createLabels(): Labels {
  const known = new Map<number, Record<Label, Set<string>>>()

  function fold(tenantNo: number, label: Label, value: string): string {
    if (value === '') return ''
    const values = (known.get(tenantNo) ?? admit(tenantNo))[label]
    if (values.has(value)) return value
    if (values.size >= LABEL_COUNTS_MAX[label]) return FOLDED
    values.add(value)
    return value
  }

  function admit(tenantNo: number): Record<Label, Set<string>> {
    const oldest = known.size >= TENANTS_MAX ? known.keys().next().value : undefined
    if (oldest !== undefined) known.delete(oldest)
    const sets = {
      service: new Set<string>(),
      environment: new Set<string>(),
      method: new Set<string>(),
      route: new Set<string>(),
      scope: new Set<string>(),
      action: new Set<string>(),
    }
    known.set(tenantNo, sets)
    return sets
  }

  return { fold }
}
