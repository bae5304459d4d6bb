import { FLAGS } from 'tokentrail'
import type { Clock } from '../../clock.ts'
import { TrailError } from '../../errors.ts'
import type { Actor, Records } from '../../records/records.ts'
import type { RuleRecord, RuleState } from '../../records/rules.ts'
import type { Store } from '../../store/store.ts'
import { type BacktestCost, backtestCost, backtestRule } from './backtest.ts'
import type { Backtest, BacktestScope } from './backtest-scope.ts'
import { checkRules, type Checked } from './lint.ts'
import type { LoadedRule } from './load.ts'
import { loadPack } from './pack.ts'
import { problemText } from './problem.ts'
import type { ActiveRule } from './rule-detector.ts'

/** A rule as people see it. */
export interface RuleView {
  readonly id: string
  readonly title: string
  readonly description: string
  readonly level: string
  readonly status: string
  readonly tags: readonly string[]
  readonly falsepositives: readonly string[]
  readonly kind: 'event' | 'correlation'
  readonly shipped: boolean
  readonly state: RuleState
  readonly version: number
  readonly digest: string
  readonly changedAt: number | null
}

/** Everything that is done with rules. */
export interface RuleDesk {
  list(tenantNo: number): Promise<readonly RuleView[]>
  /** With its text; `version` names an older one. */
  get(tenantNo: number, id: string, version?: number): Promise<RuleView & { readonly text: string }>
  /** Reads and tests a text; nothing is kept. */
  check(text: string): Checked
  /** Keeps a rule that passes; `rule_invalid` names the first mistake. */
  save(p: { tenantNo: number; text: string; state: RuleState; actor: Actor }): Promise<RuleView>
  setState(p: { tenantNo: number; id: string; state: RuleState; actor: Actor }): Promise<RuleView>
  backtestCost(tenantNo: number, window: Window): Promise<BacktestCost>
  /** Tries a rule by id, or a text that is not kept. */
  backtest(tenantNo: number, which: { readonly id: string } | { readonly text: string }, window: Window): Promise<Backtest>
  /** Every rule that runs, for all tenants; as plain data, for another thread. */
  assignments(): Promise<readonly RuleAssignment[]>
}

interface Window {
  readonly from: number
  readonly to: number
  readonly signal?: AbortSignal
}

/** A rule that runs, as plain data. */
export interface RuleAssignment {
  /** Text of a tenant's own rule; `null` for the shipped rule of this id. */
  readonly text: string | null
  readonly id: string
  readonly version: number
  readonly tenantNo: number | null
  readonly except: readonly number[]
  readonly silentFor: readonly number[]
}

export interface RuleDeskParts {
  readonly records: Pick<Records, 'read' | 'act'>
  readonly store: Pick<Store, 'query' | 'stream'>
  readonly clock: Clock
}

export function createRuleDesk({ records, store, clock }: RuleDeskParts): RuleDesk {
  const pack = new Map(loadPack().rules.map((rule) => [rule.id, rule]))

  async function list(tenantNo: number): Promise<readonly RuleView[]> {
    const kept = await records.read.rules(tenantNo)
    const states = new Map(kept.map((record) => [record.id, record]))
    const shipped = [...pack.values()].map((rule) => shippedView(rule, states.get(rule.id)))
    return [...shipped, ...kept.flatMap((record) => (record.text === null ? [] : [ownView(loaded(record), record)]))]
  }

  async function found(tenantNo: number, id: string): Promise<{ rule: LoadedRule; record: RuleRecord | null }> {
    const record = await records.read.rule(tenantNo, id)
    const shipped = pack.get(id)
    if (shipped) return { rule: shipped, record }
    if (record === null || record.text === null)
      throw new TrailError('not_found', 'There is no rule with this id.', { input: 'id' })
    return { rule: loaded(record), record }
  }

  async function view(tenantNo: number, id: string): Promise<RuleView> {
    const { rule, record } = await found(tenantNo, id)
    return pack.has(id) ? shippedView(rule, record ?? undefined) : ownView(rule, record)
  }

  async function save({ tenantNo, text, state, actor }: Parameters<RuleDesk['save']>[0]): Promise<RuleView> {
    const rule = onlyRule(text)
    if (pack.has(rule.id)) throw invalid('id', `The id ${rule.id} belongs to a shipped rule; choose another.`)
    await records.act('putRule', { tenantNo, id: rule.id, state, text, digest: rule.digest, at: clock.now(), actor })
    return view(tenantNo, rule.id)
  }

  async function setState({ tenantNo, id, state, actor }: Parameters<RuleDesk['setState']>[0]): Promise<RuleView> {
    const { rule } = await found(tenantNo, id)
    await records.act('putRule', { tenantNo, id, state, text: null, digest: rule.digest, at: clock.now(), actor })
    return view(tenantNo, id)
  }

  async function scopeOf(tenantNo: number, { from, to, signal }: Window): Promise<BacktestScope> {
    const tenant = await records.read.tenant(tenantNo)
    // What is simulated is looked at in simulated tenants only, as everywhere.
    return { tenantNo, from, to, hidden: tenant?.simulated ? 0 : FLAGS.simulated, ...(signal ? { signal } : {}) }
  }

  async function assignments(): Promise<readonly RuleAssignment[]> {
    const tenants = await records.read.tenants()
    const kept = (await Promise.all(tenants.map(({ no }) => records.read.rules(no)))).flat()
    const own = kept.flatMap((record) => (record.text !== null && runs(record.state) ? [ownAssignment(record)] : []))
    const shipped = [...pack.values()].map((rule) =>
      shippedAssignment(
        rule,
        kept.filter(({ id, text }) => id === rule.id && text === null),
        tenants.map(({ no }) => no),
      ),
    )
    return [...shipped, ...own]
  }

  return {
    list,
    async get(tenantNo, id, version) {
      const { rule } = await found(tenantNo, id)
      const seen = await view(tenantNo, id)
      if (version === undefined || version === seen.version) return { ...seen, text: rule.text }
      const old = pack.has(id) ? null : await records.read.ruleText(tenantNo, id, version)
      if (!old) throw new TrailError('not_found', 'There is no such version of this rule.', { input: 'version' })
      return { ...seen, version, digest: old.digest, text: old.text }
    },
    check: (text) => checkRules([{ name: 'text', text }]),
    save,
    setState,
    backtestCost: async (tenantNo, window) => backtestCost(store, await scopeOf(tenantNo, window)),
    async backtest(tenantNo, which, window) {
      const rule = 'text' in which ? onlyRule(which.text) : (await found(tenantNo, which.id)).rule
      return backtestRule(store, records.read, rule, await scopeOf(tenantNo, window))
    },
    assignments,
  }
}

/** The shipped rules as they run where nobody chose otherwise. */
export function packAssignments(): readonly RuleAssignment[] {
  return loadPack().rules.map((rule) => shippedAssignment(rule, [], []))
}

/** The rules of assignments, compiled. One that this version cannot read is left out; its tenant sees why in the list. */
export function activate(assignments: readonly RuleAssignment[]): readonly ActiveRule[] {
  const pack = new Map(loadPack().rules.map((rule) => [rule.id, rule]))
  return assignments.flatMap(({ text, id, version, tenantNo, except, silentFor }) => {
    const rule = text === null ? pack.get(id) : checkRules([{ name: id, text }]).rules[0]
    return rule
      ? [{ rule: text === null ? rule : { ...rule, version }, tenantNo, except: new Set(except), silentFor: new Set(silentFor) }]
      : []
  })
}

function runs(state: RuleState): boolean {
  return state === 'active' || state === 'silent'
}

/** A shipped rule is active, or silent while it is experimental, until a tenant decides otherwise. */
function shippedState({ about }: LoadedRule): RuleState {
  return about.status === 'experimental' ? 'silent' : 'active'
}

function ownAssignment({ tenantNo, id, version, text, state }: RuleRecord): RuleAssignment {
  return { text, id, version, tenantNo, except: [], silentFor: state === 'silent' ? [tenantNo] : [] }
}

function shippedAssignment(rule: LoadedRule, chosen: readonly RuleRecord[], tenants: readonly number[]): RuleAssignment {
  const states = new Map(chosen.map(({ tenantNo, state }) => [tenantNo, state]))
  const stateOf = (tenantNo: number): RuleState => states.get(tenantNo) ?? shippedState(rule)
  return {
    text: null,
    id: rule.id,
    version: rule.version,
    tenantNo: null,
    except: tenants.filter((no) => !runs(stateOf(no))),
    silentFor: tenants.filter((no) => stateOf(no) === 'silent'),
  }
}

/** The one rule of a text; the first mistake is the answer. */
function onlyRule(text: string): LoadedRule {
  const { rules, problems } = checkRules([{ name: 'text', text }])
  const [error] = problems.filter(({ severity }) => severity === 'error')
  if (error) throw invalid('text', problemText(error))
  const [rule, ...others] = rules
  if (rule && others.length === 0) return rule
  throw invalid('text', 'Expected one rule that finds, and beside it only rules that it takes.')
}

function loaded(record: RuleRecord): LoadedRule {
  return { ...onlyRule(record.text ?? ''), version: record.version }
}

function invalid(input: string, message: string): TrailError {
  return new TrailError('rule_invalid', message, { input })
}

function shippedView(rule: LoadedRule, record: RuleRecord | undefined): RuleView {
  return { ...viewOf(rule), shipped: true, state: record?.state ?? shippedState(rule), changedAt: record?.changedAt ?? null }
}

function ownView(rule: LoadedRule, record: RuleRecord | null): RuleView {
  return { ...viewOf(rule), shipped: false, state: record?.state ?? 'draft', changedAt: record?.changedAt ?? null }
}

function viewOf({ id, about, source, version, digest }: LoadedRule): Omit<RuleView, 'shipped' | 'state' | 'changedAt'> {
  const { title, description, level, status, tags, falsepositives } = about
  return { id, title, description, level, status, tags, falsepositives, kind: source.kind, version, digest }
}
