import { type Assertion, type Ranges, type RegexNode, RegexRefused, WORD } from './regex-syntax.ts'

/**
 * Matches in time linear in the text whatever the expression: all ways through it are followed at once (Thompson 1968), and sets of ways
 * that were seen are remembered. The number of steps and of remembered sets is bounded.
 */
export function createRegexTest(tree: RegexNode): (text: string) => boolean {
  const program = assemble(tree)
  const classes = createClasses(program)
  const hasAssertions = program.some((step) => step.op === 'assert')
  const states = createStates(program)

  return function test(text: string): boolean {
    let state = states.first()
    let before = -1
    for (let at = 0; ;) {
      const code = text.codePointAt(at) ?? -1
      const context = hasAssertions ? contextOf(before, code) : 0
      const here = states.closure(state, context)
      if (here.accepts) return true
      if (code < 0) return false
      state = states.step(here, classes.of(code), code)
      before = code
      at += code > 0xffff ? 2 : 1
    }
  }
}

type Step =
  | { readonly op: 'set'; readonly ranges: Ranges; readonly next: number }
  | { readonly op: 'split'; readonly next: number; readonly other: number }
  | { readonly op: 'assert'; readonly what: Assertion; readonly next: number }
  | { readonly op: 'match' }

const STEPS_MAX = 5000
const STATES_MAX = 500

/** Built from the end, so that each part knows what follows it. */
function assemble(tree: RegexNode): readonly Step[] {
  const program: Step[] = [{ op: 'match' }]

  function add(step: Step): number {
    if (program.length >= STEPS_MAX) throw new RegexRefused('repeats that multiply to more than the bound')
    program.push(step)
    return program.length - 1
  }

  function build(node: RegexNode, next: number): number {
    if (node.is === 'set') return add({ op: 'set', ranges: node.ranges, next })
    if (node.is === 'assert') return add({ op: 'assert', what: node.what, next })
    if (node.is === 'sequence') return node.parts.reduceRight((following, part) => build(part, following), next)
    if (node.is === 'choice')
      return node.parts.map((part) => build(part, next)).reduceRight((other, start) => add({ op: 'split', next: start, other }))
    return repeat(node.part, node.min, node.max, next)
  }

  function repeat(part: RegexNode, min: number, max: number, next: number): number {
    let start = max === Infinity ? loop(part, next) : next
    const optional = max === Infinity ? 0 : max - min
    for (let i = 0; i < optional; i += 1) start = add({ op: 'split', next: build(part, start), other: next })
    for (let i = 0; i < min; i += 1) start = build(part, start)
    return start
  }

  function loop(part: RegexNode, next: number): number {
    const split = add({ op: 'split', next: 0, other: next })
    program[split] = { op: 'split', next: build(part, split), other: next }
    return split
  }

  const start = build(tree, 0)
  program.push({ op: 'split', next: start, other: start })
  return program
}

/** Code points that no set tells apart share a class. */
function createClasses(program: readonly Step[]): { of(code: number): number } {
  const edges = new Set<number>()
  for (const step of program) {
    if (step.op !== 'set') continue
    for (const [from, to] of step.ranges) edges.add(from).add(to + 1)
  }
  const sorted = [...edges].sort((a, b) => a - b)
  const find = (code: number): number => {
    let [low, high] = [0, sorted.length]
    while (low < high) {
      const middle = (low + high) >> 1
      if ((sorted[middle] ?? 0) <= code) low = middle + 1
      else high = middle
    }
    return low
  }
  const ascii = Array.from({ length: 128 }, (_, code) => find(code))
  return { of: (code) => ascii[code] ?? find(code) }
}

interface State {
  readonly starts: readonly number[]
  readonly closures: (Closure | undefined)[]
}

interface Closure {
  readonly accepts: boolean
  /** Steps that read a character. */
  readonly reads: readonly number[]
  readonly byClass: Map<number, State>
}

function createStates(program: readonly Step[]) {
  const entry = program.length - 1
  const known = new Map<string, State>()

  function intern(starts: readonly number[]): State {
    const key = starts.join()
    const found = known.get(key)
    if (found) return found
    // What is forgotten here is still reachable from the running test and is found again.
    if (known.size >= STATES_MAX) known.clear()
    const state: State = { starts, closures: [] }
    known.set(key, state)
    return state
  }

  function close(starts: readonly number[], context: number): Closure {
    const seen = new Set<number>()
    const reads: number[] = []
    const stack = [...starts]
    let accepts = false
    for (let at = stack.pop(); at !== undefined; at = stack.pop()) {
      if (seen.has(at)) continue
      seen.add(at)
      const step = program[at]
      if (step === undefined) continue
      if (step.op === 'match') accepts = true
      else if (step.op === 'set') reads.push(at)
      else if (step.op === 'split') stack.push(step.next, step.other)
      else if (holds(step.what, context)) stack.push(step.next)
    }
    return { accepts, reads: reads.sort((a, b) => a - b), byClass: new Map() }
  }

  return {
    first: (): State => intern([entry]),
    closure: (state: State, context: number): Closure => (state.closures[context] ??= close(state.starts, context)),
    /** The search is not anchored: it may begin anew at each character. */
    step(from: Closure, charClass: number, code: number): State {
      const found = from.byClass.get(charClass)
      if (found) return found
      const nexts = new Set([entry])
      for (const at of from.reads) {
        const step = program[at]
        if (step?.op === 'set' && isIn(step.ranges, code)) nexts.add(step.next)
      }
      const state = intern([...nexts].sort((a, b) => a - b))
      from.byClass.set(charClass, state)
      return state
    },
  }
}

function isIn(ranges: Ranges, code: number): boolean {
  let [low, high] = [0, ranges.length - 1]
  while (low <= high) {
    const middle = (low + high) >> 1
    const [from, to] = ranges[middle] ?? [0, -1]
    if (code < from) high = middle - 1
    else if (code > to) low = middle + 1
    else return true
  }
  return false
}

const CONTEXT = { start: 1, end: 2, afterLine: 4, beforeLine: 8, wordEdge: 16 } as const

/** What assertions can see between two characters; −1 stands for the text's end. */
function contextOf(before: number, after: number): number {
  const isWord = (code: number): boolean => code >= 0 && isIn(WORD, code)
  return (
    (before < 0 ? CONTEXT.start : 0) |
    (after < 0 ? CONTEXT.end : 0) |
    (before < 0 || before === 10 ? CONTEXT.afterLine : 0) |
    (after < 0 || after === 10 ? CONTEXT.beforeLine : 0) |
    (isWord(before) === isWord(after) ? 0 : CONTEXT.wordEdge)
  )
}

function holds(what: Assertion, context: number): boolean {
  if (what === 'no word edge') return (context & CONTEXT.wordEdge) === 0
  return (context & CONTEXT[ASSERTED[what]]) !== 0
}

const ASSERTED = {
  start: 'start',
  end: 'end',
  'line start': 'afterLine',
  'line end': 'beforeLine',
  'word edge': 'wordEdge',
} as const satisfies Record<Exclude<Assertion, 'no word edge'>, keyof typeof CONTEXT>
