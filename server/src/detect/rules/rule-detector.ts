import type { EventRow } from '../../event/row.ts'
import { networkName } from '../../query/network.ts'
import type { EventDetector } from '../detector.ts'
import type { Fact, Found, Severity, Subject } from '../finding.ts'
import { createRunner, type Firing, type Runner, seeEvent } from './correlation.ts'
import type { LoadedRule } from './load.ts'
import type { Level } from './rule.ts'

/** A rule that finds, and for whom. */
export interface ActiveRule {
  readonly rule: LoadedRule
  /** `null` for every tenant. */
  readonly tenantNo: number | null
  /** Tenants of their own mind for whom it does not run. */
  readonly except?: ReadonlySet<number>
}

/** Runs rules as a detector; each finds under the name `rule:<id>`. State is kept for each rule and tenant apart. */
export function createRuleDetector(rules: readonly ActiveRule[]): EventDetector {
  const runners = new Map<string, Runner>()

  function runnerOf({ rule }: ActiveRule, tenant: number): Runner {
    const key = `${tenant} ${rule.id} ${rule.digest}`
    const known = runners.get(key)
    if (known) return known
    const made = createRunner(rule.source)
    runners.set(key, made)
    return made
  }

  return {
    see(row, found) {
      for (const active of rules) {
        if (!concerns(active, row.tenant)) continue
        const { source } = active.rule
        const firings = source.kind === 'event' ? seeEvent(source.predicate, row) : runnerOf(active, row.tenant).see(row)
        for (const firing of firings) found(findingOf(active.rule, firing))
      }
    },
    pass(watermark) {
      for (const runner of runners.values()) runner.pass(watermark)
    },
    snapshot: () => [...runners].map(([key, runner]) => [key, runner.snapshot()]),
    restore(state) {
      const saved = new Map(state as [string, unknown][])
      runners.clear()
      for (const active of rules)
        for (const [key, value] of saved) {
          const [tenant = '', id, digest] = key.split(' ')
          if (id === active.rule.id && digest === active.rule.digest) runnerOf(active, Number(tenant)).restore(value)
        }
    },
  }
}

function concerns({ tenantNo, except }: ActiveRule, tenant: number): boolean {
  return tenantNo === null ? !except?.has(tenant) : tenantNo === tenant
}

/** Severity of each Sigma level. */
export const SEVERITY_OF: Readonly<Record<Level, Severity>> = {
  informational: 'info',
  low: 'low',
  medium: 'medium',
  high: 'high',
  critical: 'critical',
}

function findingOf(rule: LoadedRule, firing: Firing): Found {
  const { row, measured } = firing
  const subject = subjectOf(firing)
  return {
    tenant: row.tenant,
    detector: `rule:${rule.id}`,
    severity: SEVERITY_OF[rule.about.level],
    confidence: 'high',
    subject,
    from: firing.from,
    to: firing.at,
    detectedAt: firing.at,
    measured: { observed: measured, expected: null, score: { value: 1, unit: 'exact' } },
    facts: factsOf(rule, firing),
    features: [`rule ${rule.id}, version ${rule.version}`],
    unless: rule.about.falsepositives.slice(0, 5).map((text) => `it was this: ${text}`),
    evidence: firing.evidence,
    evidenceCount: firing.evidenceCount,
    caveats: [...(row.count > 1 ? (['coalesced'] as const) : []), ...(firing.incomplete ? (['incomplete'] as const) : [])],
    touches: [subject, ...touchedBy(row)].filter(isFirst),
  }
}

function factsOf(rule: LoadedRule, { row, group, measured, evidenceCount }: Firing): Found['facts'] {
  const facts: Record<string, Fact> = {
    rule: { as: 'text', value: rule.about.title },
    version: { as: 'number', value: rule.version },
    digest: { as: 'text', value: rule.digest.slice(0, 12) },
    events: { as: 'number', value: evidenceCount },
    observed: { as: 'number', value: Number.isFinite(measured) ? measured : 0 },
  }
  for (const [name, value] of Object.entries(group)) facts[`group.${name}`] = { as: 'text', value: value.slice(0, 200) }
  if (row.tokenNo !== 0) facts.token = { as: 'token', value: row.tokenNo }
  if (row.network !== 0n) facts.network = { as: 'network', value: networkName(row.network) }
  return facts
}

const GROUPED: readonly (readonly [string, Subject['kind']])[] = [
  ['token', 'token'],
  ['network', 'source'],
  ['owner', 'owner'],
  ['actor', 'principal'],
  ['service', 'service'],
]

/** What the group stands for; of a single event, what it is most about. */
export function subjectOf({ row, group }: Firing): Subject {
  const names = Object.keys(group)
  for (const [name, kind] of GROUPED) if (names.includes(name)) return { kind, key: group[name] ?? '' }
  if (names.length > 0) return { kind: 'tenant', key: Object.values(group).join(' ').slice(0, 200) }
  return touchedBy(row)[0] ?? { kind: 'tenant', key: String(row.tenant) }
}

function touchedBy(row: EventRow): readonly Subject[] {
  return [
    ...(row.tokenNo === 0 ? [] : [{ kind: 'token', key: String(row.tokenNo) } as const]),
    ...(row.network === 0n ? [] : [{ kind: 'source', key: networkName(row.network) } as const]),
    ...(row.ownerNo === 0 ? [] : [{ kind: 'owner', key: String(row.ownerNo) } as const]),
  ]
}

function isFirst(subject: Subject, index: number, all: readonly Subject[]): boolean {
  return all.findIndex(({ kind, key }) => kind === subject.kind && key === subject.key) === index
}
