import type { Field } from './fields.ts'
import { type LogModel, modelOf } from './log-model.ts'
import { type Problems, Refused } from './problem.ts'
import type { Comparison, Logic, Logsource, Match, TimePart } from './rule.ts'
import { ANY, normal } from './wild-text.ts'

/** A comparison bound to the event model. `field` is `null` for a keyword, which may stand in any text. */
export interface BoundTest {
  readonly field: Field | null
  readonly match:
    | Exclude<Match, { is: 'field' }>
    | { readonly is: 'same'; readonly other: Field; readonly how: How; readonly cased: boolean }
  readonly part: TimePart | null
}
type How = 'equals' | 'contains' | 'startswith' | 'endswith'

/** Binds a detection to the log it speaks of: the log's own condition, and every field to its place. */
export function bindDetection(
  detection: Logic<Comparison>,
  logsource: Logsource,
  problems: Problems,
): Logic<BoundTest> | undefined {
  const model = problems.attempt(() => modelOf(logsource))
  if (!model) return undefined
  const bound = bindLogic(detection, model, problems)
  if (!bound) return undefined
  return model.condition ? { all: [model.condition, bound] } : bound
}

function bindLogic(logic: Logic<Comparison>, model: LogModel, problems: Problems): Logic<BoundTest> | undefined {
  if ('leaf' in logic) {
    const leaf = problems.attempt(() => bindTest(logic.leaf, model))
    return leaf && { leaf }
  }
  if ('not' in logic) {
    const inner = bindLogic(logic.not, model, problems)
    return inner && { not: inner }
  }
  const parts = 'all' in logic ? logic.all : logic.any
  const bound = parts.flatMap((part) => bindLogic(part, model, problems) ?? [])
  if (bound.length < parts.length) return undefined
  return 'all' in logic ? { all: bound } : { any: bound }
}

function bindTest(comparison: Comparison, model: LogModel): BoundTest {
  const { field: name, match, part, at, construct } = comparison
  if (name === null) {
    if (match.is === 'field' || match.is === 'present' || match.is === 'absent' || match.is === 'order' || part !== null)
      throw new Refused(at, construct, 'A keyword is a text; this modifier needs a field.')
    return { field: null, match: match.is === 'text' ? anywhere(match) : match, part }
  }
  const field = found(name, model, comparison)
  refuseUnfit(field, comparison)
  if (match.is !== 'field') return { field, match, part }
  const other = found(match.other, model, comparison)
  if (other.form === 'time' || field.form === 'time')
    throw new Refused(at, construct, 'Times are compared by their parts, not with each other.')
  return { field, match: { is: 'same', other, how: match.how, cased: match.cased }, part }
}

function found(name: string, model: LogModel, { at, construct }: Comparison): Field {
  const field = model.field(name)
  if (typeof field !== 'string') return field
  throw new Refused(at, construct, field)
}

function refuseUnfit(field: Field, { match, part, at, construct }: Comparison): void {
  if (field.form === 'time' && part === null && match.is !== 'present')
    throw new Refused(at, construct, 'A time is compared by its parts: minute, hour, day, week, month or year.')
  if (part !== null && field.form !== 'time') throw new Refused(at, construct, 'Only a time has such a part.')
  if (part !== null && match.is === 'text') throw new Refused(at, construct, 'A part of a time is a number.')
  if (match.is === 'cidr' && field.form !== 'text' && field.form !== 'detail')
    throw new Refused(
      at,
      construct,
      'Addresses are kept as pseudonyms, so a range cannot be compared; use country, asn or network.',
    )
  if (match.is === 'order' && (field.form === 'names' || field.form === 'hex'))
    throw new Refused(at, construct, 'This field holds names, which have no order.')
}

/** A keyword is found anywhere in a text. */
function anywhere(match: Extract<Match, { is: 'text' }>): Match & { is: 'text' } {
  return { ...match, text: normal([ANY, ...match.text, ANY]) }
}
