/** Where something stands in a rule's text, both from 1. */
export interface Place {
  readonly line: number
  readonly column: number
}

/** What is wrong with a rule, and where. An error keeps the rule from loading; a warning does not. */
export interface RuleProblem extends Place {
  readonly severity: 'error' | 'warning'
  /** The part of the rule that is meant: a field, a modifier, a word of the condition. */
  readonly construct: string
  readonly message: string
}

/** Thrown inside the parser where a part cannot be taken; it becomes a problem of the rule. */
export class Refused extends Error {
  override readonly name = 'Refused'
  readonly problem: RuleProblem

  constructor(at: Place, construct: string, message: string) {
    super(message)
    this.problem = { severity: 'error', line: at.line, column: at.column, construct, message }
  }
}

/** Collects what is wrong, so that one reading names every mistake. */
export interface Problems {
  readonly all: RuleProblem[]
  warn(at: Place, construct: string, message: string): void
  /** Runs a part of the parser; what it refuses is noted and the value is `undefined`. */
  attempt<Value>(part: () => Value): Value | undefined
}

export function createProblems(): Problems {
  const all: RuleProblem[] = []
  return {
    all,
    warn: (at, construct, message) =>
      void all.push({ severity: 'warning', line: at.line, column: at.column, construct, message }),
    attempt(part) {
      try {
        return part()
      } catch (error) {
        if (!(error instanceof Refused)) throw error
        all.push(error.problem)
        return undefined
      }
    },
  }
}

/** `line 12, fieldref: …` */
export function problemText({ line, construct, message }: RuleProblem): string {
  return `line ${line}, ${construct}: ${message}`
}
