/** A value of a row: flat, so that a row is a line of NDJSON, of CSV and of a table alike. Lists are joined by spaces. */
export type Cell = string | number | boolean | null

/** One value or several that a column may have; `above` a number, `null` for nothing there, `{ some: true }` for anything. */
export type Condition = Cell | readonly Cell[] | { readonly above: number } | { readonly some: true }

/**
 * A figure as data: anyone can count it again from the rows of a pack. Without `sum` and `max` it counts rows. `share` divides
 * by another figure of the same question.
 */
export interface FigureRule {
  readonly name: string
  /** What the number says, for people. */
  readonly says: string
  readonly where?: Readonly<Record<string, Condition>>
  readonly sum?: string
  readonly max?: string
  readonly share?: string
}

/** A figure with its value; `null` where nothing was there to take the largest of. */
export interface Figure extends FigureRule {
  readonly value: number | null
  /** Value of the figure that `share` names. */
  readonly of?: number | null
}

/** Counts figures while rows go by; holds numbers and no rows. */
export interface Tally {
  take(row: object): void
  figures(): readonly Figure[]
}

/** A tally for the figures of a question. */
export function createTally(rules: readonly FigureRule[]): Tally {
  const values = new Map<string, number | null>(rules.map(({ name, max }) => [name, max === undefined ? 0 : null]))
  return {
    take(row) {
      const cells = row as Readonly<Record<string, Cell>>
      for (const rule of rules) if (matches(rule, cells)) values.set(rule.name, added(rule, values.get(rule.name) ?? null, cells))
    },
    figures: () =>
      rules.map((rule) => ({
        ...rule,
        value: values.get(rule.name) ?? null,
        ...(rule.share === undefined ? {} : { of: values.get(rule.share) ?? null }),
      })),
  }
}

function added({ sum, max }: FigureRule, value: number | null, cells: Readonly<Record<string, Cell>>): number | null {
  if (sum !== undefined) return (value ?? 0) + numberOf(cells[sum])
  if (max === undefined) return (value ?? 0) + 1
  const cell = cells[max]
  return typeof cell === 'number' ? Math.max(value ?? cell, cell) : value
}

function numberOf(cell: Cell | undefined): number {
  return typeof cell === 'number' ? cell : 0
}

function matches({ where = {} }: FigureRule, cells: Readonly<Record<string, Cell>>): boolean {
  return Object.entries(where).every(([name, condition]) => meets(cells[name] ?? null, condition))
}

function meets(cell: Cell, condition: Condition): boolean {
  if (condition === null || typeof condition !== 'object') return cell === condition
  if (isList(condition)) return condition.includes(cell)
  if ('above' in condition) return typeof cell === 'number' && cell > condition.above
  return cell !== null
}

function isList(condition: object): condition is readonly Cell[] {
  return Array.isArray(condition)
}
