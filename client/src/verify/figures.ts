import { fails, holds, cannotSay, type Outcome } from './outcome.ts'
import type { TablesFound } from './tables.ts'
import { PACK_FILES, type PackFigure, type PackQuestion, type PackScalar } from './pack.ts'

/** Counts the figures of a pack again. */
export interface Recount {
  /** Whether any figure needs lines of this source. */
  needs(source: PackFigure['source']): boolean
  add(source: PackFigure['source'], line: unknown): void
  outcome(absentRows: number, tables: TablesFound): Outcome
}

interface Counting {
  readonly question: PackQuestion
  readonly figure: PackFigure
  readonly where: readonly { readonly path: readonly string[]; readonly values: ReadonlySet<unknown> }[]
  readonly within: readonly string[] | undefined
  readonly sum: readonly string[] | undefined
  counted: number
}

/** Begins to count. */
export function createRecount(questions: readonly PackQuestion[]): Recount {
  const all = questions.flatMap((question) => question.figures.map((figure) => countingOf(question, figure)))
  return {
    needs: (source) => all.some(({ figure }) => figure.source === source),
    add(source, line) {
      for (const each of all)
        if (each.figure.source === source && isMeant(each, line)) each.counted += each.sum ? integerAt(line, each.sum) : 1
    },
    outcome: (absentRows, tables) => outcomeOf(questions, all, absentRows, tables),
  }
}

function outcomeOf(
  questions: readonly PackQuestion[],
  all: readonly Counting[],
  absentRows: number,
  tables: TablesFound,
): Outcome {
  const wrong = all.filter(({ counted, figure }) => counted !== figure.value)
  const bare = questions.filter(({ figures }) => figures.length === 0)
  const notes = [
    ...wrong
      .slice(0, 20)
      .map(
        ({ counted, figure, question }) =>
          `${question.name}: ${figure.name} is said to be ${figure.value}, counted again it is ${counted}.`,
      ),
    ...(bare.length > 0
      ? [`Not counted again, because they rest on records or on the store: ${bare.map(({ name }) => name).join(', ')}.`]
      : []),
    ...(absentRows > 0
      ? [
          `Of the batches that are cited ${absentRows === 1 ? 'one row is' : `${absentRows.toLocaleString('en-US')} rows are`} not here, and nothing shows whether they were erased or left out: a figure of rows counts those that are here, and is a least.`,
        ]
      : []),
    ...all.slice(0, RULES_TOLD).map(ruleOf),
    ...tables.open.slice(0, 20).map((says) => `Not proven: ${says}`),
    ...tables.notes,
  ]
  const [stray, ...strays] = tables.wrong
  if (stray) return fails('figures', stray.says, stray.place, [...strays.map(({ says }) => says), ...notes])
  if (wrong.length > 0)
    return fails(
      'figures',
      `${wrong.length} of ${all.length} figures do not follow from what is here.`,
      { file: PACK_FILES.manifest },
      notes,
    )
  const [open] = tables.open
  if (open !== undefined) return cannotSay('figures', `Not everything that is printed is proven: ${open}`, notes)
  if (all.length === 0 && tables.compared === 0)
    return cannotSay('figures', 'No figure of this report is one that can be counted again from entries and rows.', notes)
  const counted = all.length === 1 ? 'The one figure' : `All ${all.length} figures`
  return holds(
    'figures',
    `${all.length === 0 ? '' : `${counted} that can be counted again came out the same. `}${tablesSay(tables.compared)}`.trim(),
    notes,
  )
}

function tablesSay(compared: number): string {
  if (compared === 0) return ''
  return compared === 1
    ? 'The rows of one table are entries of the log, and none is missing.'
    : `The rows of ${compared} tables are entries of the log, and none is missing.`
}

/** How a figure was counted, for a reader to judge: whoever makes a pack chooses the rule. */
function ruleOf({ question, figure }: Counting): string {
  const { name, source, where, within, sum, value } = figure
  const rules = [
    ...Object.entries(where).map(
      ([path, wanted]) => `${path} is ${isList(wanted) ? wanted.map(String).join(' or ') : String(wanted)}`,
    ),
    ...(within ? [`${within.path} is from ${within.from} to ${within.to}`] : []),
  ]
  const whole = `${question.name}: ${name}, ${value}, is ${sum === undefined ? `the number of ${source}` : `the sum of ${sum} over ${source}`}${rules.length > 0 ? ` where ${rules.join(', ')}` : ''}.`
  return whole.length > RULE_CHARS_MAX ? `${whole.slice(0, RULE_CHARS_MAX)}…` : whole
}

const [RULES_TOLD, RULE_CHARS_MAX] = [50, 400]

function countingOf(question: PackQuestion, figure: PackFigure): Counting {
  return {
    question,
    figure,
    where: Object.entries(figure.where).map(([path, wanted]) => ({
      path: path.split('.'),
      values: new Set(isList(wanted) ? wanted : [wanted]),
    })),
    within: figure.within?.path.split('.'),
    sum: figure.sum?.split('.'),
    counted: 0,
  }
}

function isMeant({ figure, where, within }: Counting, line: unknown): boolean {
  return (
    where.every(({ path, values }) => values.has(valueAt(line, path))) &&
    (within === undefined || isWithin(figure, valueAt(line, within)))
  )
}

function isWithin({ within }: PackFigure, value: unknown): boolean {
  if (!within || typeof value !== typeof within.from || typeof value !== typeof within.to) return false
  return (value as string | number) >= within.from && (value as string | number) < within.to
}

function integerAt(line: unknown, path: readonly string[]): number {
  const value = valueAt(line, path)
  return typeof value === 'number' && Number.isSafeInteger(value) ? value : 0
}

function valueAt(line: unknown, path: readonly string[]): unknown {
  let value = line
  for (const name of path) {
    if (typeof value !== 'object' || value === null || !Object.hasOwn(value, name)) return undefined
    value = Reflect.get(value, name)
  }
  return value
}

function isList(wanted: PackScalar | readonly PackScalar[]): wanted is readonly PackScalar[] {
  return Array.isArray(wanted)
}
