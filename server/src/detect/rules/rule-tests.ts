import { blankEvent, type EventRow } from '../../event/row.ts'
import { createRunner, type Firing } from './correlation.ts'
import type { Field } from './fields.ts'
import type { LoadedRule } from './load.ts'
import type { RuleTest } from './rule.ts'
import { type CorrelationSource, eventSources, type Source } from './source.ts'
import { nameOf } from './texts.ts'

/** How one test of a rule went. */
export interface TestResult {
  readonly name: string
  readonly line: number
  readonly passed: boolean
  /** What was expected and what came, where it failed. */
  readonly message: string
}

/** Runs the tests that stand in a rule's file. */
export function runRuleTests(rule: LoadedRule): readonly TestResult[] {
  return rule.tests.map((test) => runTest(rule, test))
}

function runTest(rule: LoadedRule, test: RuleTest): TestResult {
  const about = { name: test.name, line: test.at.line }
  const rows = rowsOf(rule.source, test)
  if (typeof rows === 'string') return { ...about, passed: false, message: rows }
  const fired = firingsOf(rule.source, rows).length
  const passed = fired > 0 === test.fires
  const message = passed ? '' : `Expected the rule ${test.fires ? 'to fire' : 'not to fire'}; it fired ${fired} times.`
  return { ...about, passed, message }
}

function firingsOf(source: Source, rows: readonly EventRow[]): readonly Firing[] {
  const runner = createRunner(source)
  return rows.flatMap((row) => runner.see(row))
}

/** What is missing before a rule may load: one test that fires and one that does not, and for a correlation a near miss. */
export function missingTests(rule: LoadedRule): string | undefined {
  const { tests, source } = rule
  if (!tests.some(({ fires }) => fires)) return 'Expected at least one test with fires: true.'
  if (!tests.some(({ fires }) => !fires)) return 'Expected at least one test with fires: false.'
  if (source.kind === 'correlation' && !tests.some((test) => !test.fires && isNearMiss(source, test)))
    return 'Expected a near miss: a test with fires: false whose events come within one of what is needed.'
  return undefined
}

/** Without its time span, groups or order, or with one event more, the rule would have fired. */
function isNearMiss(source: CorrelationSource, test: RuleTest): boolean {
  const rows = rowsOf(source, test)
  if (typeof rows === 'string') return false
  const { rule, inputs } = source
  const hits = inputs.map(({ source: input }) => firingsOf(input, rows).reduce((sum, { row }) => sum + row.count, 0))
  if (rule.type.startsWith('temporal')) return hits.filter((count) => count > 0).length >= Math.max(1, inputs.length - 1)
  const total = hits.reduce((sum, count) => sum + count, 0)
  return total > 0 && total >= Math.min(...rule.bounds.map(({ value }) => (rule.type.endsWith('_count') ? value - 1 : 1)))
}

const BASE = Date.UTC(2026, 0, 5, 12)

/** The events of a test as rows, one second apart where they do not say when; or what is wrong with them. */
export function rowsOf(source: Source, test: RuleTest): readonly EventRow[] | string {
  const model = eventSources(source)[0]?.model
  if (!model) return 'The rule has no events of its own.'
  const rows: EventRow[] = []
  for (const [i, given] of test.events.entries()) {
    const row: EventRow = { ...blankEvent(), tenant: 1, writer: 1, seq: i + 1, occurredAt: BASE + i * 1000 }
    model.prepare(row)
    for (const [name, value] of Object.entries(given)) {
      const field = model.field(name)
      const wrong = typeof field === 'string' ? field : setField(row, field, value)
      if (wrong !== undefined) return `event ${i + 1}, ${name}: ${wrong}`
    }
    rows.push(row)
  }
  return rows
}

/** Sets a field as a rule's author writes it. Gives what is wrong, if anything. */
function setField(row: EventRow, field: Field, value: unknown): string | undefined {
  if (field.form === 'detail') return setDetail(row, field.path, value)
  if (field.form === 'time') return setTime(row, value)
  if (typeof value !== 'string' && typeof value !== 'number' && typeof value !== 'boolean') return 'Expected a single value.'
  return SETTERS[field.form](row, field as never, String(value))
}

type Setter<Form extends Field['form']> = (
  row: EventRow,
  field: Extract<Field, { form: Form }>,
  text: string,
) => string | undefined

const SETTERS: { readonly [Form in Exclude<Field['form'], 'detail' | 'time'>]: Setter<Form> } = {
  text: (row, field, text) => {
    field.set(row, text)
    return undefined
  },
  number: (row, field, text) => {
    if (!/^-?\d{1,15}$/.test(text)) return 'Expected a whole number.'
    field.set(row, Number(text))
    return undefined
  },
  hex: (row, field, text) => {
    if (!/^[\da-f]{1,16}$/i.test(text)) return 'Expected up to 16 hexadecimal digits.'
    field.set(row, BigInt(`0x${text}`))
    return undefined
  },
  names: (row, field, text) => {
    const id = [...field.names.keys()].find((key) => nameOf(field, key) === text)
    if (id === undefined)
      return `Expected one of ${[...new Set(field.names.values())].filter((name) => name !== null).join(', ')}.`
    field.set(row, id)
    return undefined
  },
}

function setDetail(row: EventRow, path: readonly string[], value: unknown): undefined {
  const detail = row.detail === '' ? {} : (JSON.parse(row.detail) as Record<string, unknown>)
  let inner = detail
  for (const key of path.slice(0, -1)) {
    const next =
      Object.hasOwn(inner, key) && typeof inner[key] === 'object' && inner[key] !== null
        ? (inner[key] as Record<string, unknown>)
        : {}
    Object.defineProperty(inner, key, { value: next, enumerable: true, configurable: true, writable: true })
    inner = next
  }
  Object.defineProperty(inner, path.at(-1) ?? '', { value, enumerable: true, configurable: true, writable: true })
  row.detail = JSON.stringify(detail)
}

const OFFSET = /^\+(\d{1,9})(ms|s|m|h|d)$/
const UNITS_MS: Readonly<Record<string, number | undefined>> = { ms: 1, s: 1000, m: 60_000, h: 3_600_000, d: 86_400_000 }

/** `+90s` after the first moment of the test, or a time. */
function setTime(row: EventRow, value: unknown): string | undefined {
  const text = String(value)
  const offset = OFFSET.exec(text)
  const at = offset ? BASE + Number(offset[1]) * (UNITS_MS[offset[2] ?? ''] ?? 0) : Date.parse(text)
  if (!Number.isFinite(at)) return 'Expected a time such as 2026-11-25T09:00:00Z, or +90s after the beginning.'
  row.occurredAt = at
  return undefined
}
