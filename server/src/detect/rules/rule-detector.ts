import type { EventRow } from '../../event/row.ts'
import { networkName } from '../../query/network.ts'
import type { EventDetector } from '../detector.ts'
import type { Fact, Found, Severity, Subject } from '../finding.ts'
import { type Concern, concernOf, isConcerned } from './concerns.ts'
import { createRunner, type Firing, type Runner, seeEvent } from './correlation.ts'
import type { LoadedRule } from './load.ts'
import type { Level } from './rule.ts'

/** A rule that finds, and for whom. */
export interface ActiveRule {
  readonly rule: LoadedRule
  /** `null` for every tenant. */
  readonly tenantNo: number | null
  /** Tenants that have it off. */
  readonly except: ReadonlySet<number>
  /** Tenants for whom it finds and notifies nobody; of a tenant's own rule, that tenant. */
  readonly silentFor: ReadonlySet<number>
}

/** A detector whose rules can change while it runs. */
export interface RuleDetector extends EventDetector {
  /** From now on these rules run. What a rule remembers is kept where its digest is the same. */
  use(rules: readonly ActiveRule[]): void
  /** Groups that were let go because a correlation had too many, by rule. */
  overflow(): ReadonlyMap<string, number>
}

/** Runs rules as a detector; each finds under the name `rule:<id>`. State is kept for each rule and tenant apart. */
export function createRuleDetector(rules: readonly ActiveRule[] = []): RuleDetector {
  let active = withConcerns(rules)
  let runners = new Map<string, Runner>()
  /** The same, found without making a key for every event. */
  let quick = new WeakMap<LoadedRule, Map<number, Runner>>()

  function runnerOf(rule: LoadedRule, tenant: number): Runner {
    const known = quick.get(rule)?.get(tenant)
    if (known) return known
    const key = runnerKey(rule, tenant)
    const runner = runners.get(key) ?? createRunner(rule.source)
    runners.set(key, runner)
    quick.set(rule, (quick.get(rule) ?? new Map<number, Runner>()).set(tenant, runner))
    return runner
  }

  function takeUp(saved: ReadonlyMap<string, unknown>): void {
    for (const [key, state] of saved) {
      const tenant = Number(key.split(' ', 1)[0])
      const found = active.find(({ one }) => runnerKey(one.rule, tenant) === key)
      if (found) runnerOf(found.one.rule, tenant).restore(state)
    }
  }

  return {
    see(row, found) {
      for (const { one, concern } of active) {
        if (!isConcerned(concern, row) || !runsFor(one, row.tenant)) continue
        const { source } = one.rule
        const firings = source.kind === 'event' ? seeEvent(source.predicate, row) : runnerOf(one.rule, row.tenant).see(row)
        for (const firing of firings) found(findingOf(one, firing))
      }
    },
    pass(watermark) {
      for (const runner of runners.values()) runner.pass(watermark)
    },
    snapshot: () => [...runners].map(([key, runner]) => [key, runner.snapshot()]),
    restore(state) {
      runners = new Map()
      quick = new WeakMap()
      takeUp(new Map(state as [string, unknown][]))
    },
    use(next) {
      active = withConcerns(next)
      const known = new Set(next.map(({ rule }) => `${rule.id} ${rule.digest}`))
      for (const key of runners.keys()) if (!known.has(key.slice(key.indexOf(' ') + 1))) runners.delete(key)
    },
    overflow: () => {
      const byRule = new Map<string, number>()
      for (const [key, runner] of runners) {
        const [, id = ''] = key.split(' ')
        byRule.set(id, (byRule.get(id) ?? 0) + runner.overflow())
      }
      return byRule
    },
  }
}

function runnerKey({ id, digest }: LoadedRule, tenant: number): string {
  return `${tenant} ${id} ${digest}`
}

function withConcerns(rules: readonly ActiveRule[]): readonly { readonly one: ActiveRule; readonly concern: Concern }[] {
  return rules.map((one) => ({ one, concern: concernOf(one.rule.source) }))
}

function runsFor({ tenantNo, except }: ActiveRule, tenant: number): boolean {
  return tenantNo === null ? !except.has(tenant) : tenantNo === tenant
}

/** Severity of each Sigma level. */
export const SEVERITY_OF: Readonly<Record<Level, Severity>> = {
  informational: 'info',
  low: 'low',
  medium: 'medium',
  high: 'high',
  critical: 'critical',
}

function findingOf({ rule, silentFor }: ActiveRule, firing: Firing): Found {
  const { row, measured } = firing
  const subject = subjectOf(firing)
  return {
    tenant: row.tenant,
    detector: `rule:${rule.id}`,
    rule: { ...saidBy(rule), ...(silentFor.has(row.tenant) ? { silent: true } : {}) },
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

/** What a rule says of itself, where the catalogue speaks for the detectors that are code. */
function saidBy({ about, version }: LoadedRule): NonNullable<Found['rule']> {
  const plain = about.description.replaceAll(/[{}]/g, '').replaceAll(/\s+/g, ' ').trim()
  return {
    version,
    title: about.title,
    sentence: plain === '' ? `${about.title.replaceAll(/[{}]/g, '')}: {events} events.` : plain,
    techniques: about.tags.flatMap((tag) => /^attack\.(t\d{4}(?:\.\d{3})?)$/i.exec(tag)?.[1]?.toUpperCase() ?? []),
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
