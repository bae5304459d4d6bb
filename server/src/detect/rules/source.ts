import type { BoundTest } from './bind.ts'
import type { Field } from './fields.ts'
import type { LogModel } from './log-model.ts'
import type { Predicate } from './match.ts'
import { Refused } from './problem.ts'
import type { CorrelationRule, Logic } from './rule.ts'

/** Where findings come from: single events, or a correlation over other sources. */
export type Source = EventSource | CorrelationSource

export interface EventSource {
  readonly kind: 'event'
  readonly id: string
  readonly detection: Logic<BoundTest>
  readonly predicate: Predicate
  readonly model: LogModel
}

export interface CorrelationSource {
  readonly kind: 'correlation'
  readonly id: string
  readonly rule: CorrelationRule
  readonly inputs: readonly CorrelationInput[]
}

/** One of the sources that a correlation takes, and where its group and value are. */
export interface CorrelationInput {
  readonly source: Source
  readonly group: readonly Field[]
  readonly value: Field | null
}

/** Binds the fields of a correlation to each of its inputs. */
export function compileCorrelation(rule: CorrelationRule, sources: readonly Source[]): CorrelationSource {
  const inputs = sources.map((source, i) => {
    const name = rule.rules[i] ?? ''
    const group = rule.groupBy.map((field) => boundField(rule, source, rule.aliases[field]?.[name] ?? field))
    return { source, group, value: rule.valueField === null ? null : boundField(rule, source, rule.valueField) }
  })
  for (const source of sources) if (source.kind === 'correlation') checkGroups(rule, source)
  return { kind: 'correlation', id: rule.about.id, rule, inputs }
}

/** A correlation passes on what its own group says; other fields differ between its events. */
function checkGroups(rule: CorrelationRule, below: CorrelationSource): void {
  const strange = rule.groupBy.find((name) => !(name in rule.aliases) && !below.rule.groupBy.includes(name))
  if (strange !== undefined)
    throw new Refused(
      rule.about.at,
      'group-by',
      `"${strange}" must also stand in group-by of "${below.id}", which is correlated here.`,
    )
}

function boundField(rule: CorrelationRule, source: Source, name: string): Field {
  const field = eventSources(source)[0]?.model.field(name)
  if (field === undefined || typeof field === 'string')
    throw new Refused(rule.about.at, 'correlation', field ?? `There is no field "${name.slice(0, 60)}".`)
  return field
}

/** The single-event sources that a source rests on. */
export function eventSources(source: Source): readonly EventSource[] {
  return source.kind === 'event' ? [source] : source.inputs.flatMap((input) => eventSources(input.source))
}
