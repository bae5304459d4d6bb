import { FLAGS } from 'tokentrail'
import type { EventRow } from '../../event/row.ts'
import type { BoundTest } from './bind.ts'
import { FIELDS } from './fields.ts'
import { textTest } from './match.ts'
import type { Logic } from './rule.ts'
import { eventSources, type Source } from './source.ts'
import { nameOf } from './texts.ts'

/** Which kinds of events a source can be about at all; so that most events pass by most rules untouched. */
export interface Concern {
  /** `null` for every type. */
  readonly types: ReadonlySet<number> | null
  readonly observedOnly: boolean
}

export function concernOf(source: Source): Concern {
  const events = eventSources(source)
  const types = events.map(({ detection }) => idsFor(detection, 'type'))
  return {
    types: union(types),
    observedOnly: events.every(({ detection }) => idsFor(detection, 'observed')?.has(0) === false),
  }
}

/** Whether an event is worth a look. */
export function isConcerned({ types, observedOnly }: Concern, row: EventRow): boolean {
  return (types === null || types.has(row.type)) && (!observedOnly || (row.flags & FLAGS.observed) !== 0)
}

/** The numbers of a field of names with which a condition can hold; `null` where all may. */
function idsFor(logic: Logic<BoundTest>, name: 'type' | 'observed'): ReadonlySet<number> | null {
  if ('not' in logic) return null
  if ('leaf' in logic) return leafIds(logic.leaf, name)
  const parts = ('all' in logic ? logic.all : logic.any).map((part) => idsFor(part, name))
  return 'all' in logic ? intersection(parts) : union(parts)
}

function leafIds({ field, match }: BoundTest, name: 'type' | 'observed'): ReadonlySet<number> | null {
  if (field?.form !== 'names' || field !== FIELDS.get(name)) return null
  if (match.is !== 'text' && match.is !== 'names' && match.is !== 'regex') return null
  const test = textTest(match)
  // a type that is not in the table has the name of others
  if (field.otherwise !== null && test(field.otherwise)) return null
  return new Set([...field.names.keys()].filter((id) => test(nameOf(field, id) ?? '')))
}

function union(sets: readonly (ReadonlySet<number> | null)[]): ReadonlySet<number> | null {
  return sets.reduce<ReadonlySet<number> | null>((all, set) => (all && set ? new Set([...all, ...set]) : null), new Set())
}

function intersection(sets: readonly (ReadonlySet<number> | null)[]): ReadonlySet<number> | null {
  return sets.reduce<ReadonlySet<number> | null>(
    (all, set) => (all && set ? new Set([...all].filter((id) => set.has(id))) : (all ?? set)),
    null,
  )
}
