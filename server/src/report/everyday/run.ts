import type { Milliseconds } from 'tokentrail'
import { TrailError } from '../../errors.ts'
import type { Answer, Completeness, Window } from '../../query/answer.ts'
import { paramsOf, type ReportParams } from './params.ts'
import { type Askable, type Asked, type Given, READERS, type Report, type Row, type Section } from './report.ts'
import { REPORTS, type ReportName } from './reports.ts'

/** The way to the API's own routes, as the reader of the report. */
export interface Door {
  /** Answers as the route answers the reader; what it refuses is thrown. */
  get(route: Askable, given: Given, o: GetOptions): Promise<object>
  /** Why the reader's role does not reach a route; undefined where it does. */
  refuses(route: Askable): string | undefined
}

export interface GetOptions {
  readonly signal: AbortSignal
  /** Waits for the reader's budget instead of refusing: the answer has begun. */
  readonly patient: boolean
}

export interface ReportWish {
  readonly name: ReportName
  readonly tenant: string
  readonly window: Window
  readonly params: Partial<ReportParams>
  /** What the reader's role leaves out, in sentences. */
  readonly redaction: readonly string[]
}

/** What is printed at the head of every format. */
export interface Head {
  readonly report: ReportName
  readonly version: number
  readonly reader: keyof typeof READERS
  readonly title: string
  readonly answers: string
  readonly tenant: string
  readonly window: Window
  readonly zone: 'UTC'
  readonly params: Partial<ReportParams>
  /** Every event received up to here is counted; null where nothing that was asked counts events. */
  readonly watermark: Milliseconds | null
  /** The least of what was answered. */
  readonly completeness: Pick<Completeness, 'value' | 'missing'> | null
  readonly lateEvents: number
  /** How each question was answered. */
  readonly methods: readonly { readonly question: string; readonly method: string }[]
  readonly redaction: readonly string[]
}

/** A section that was begun: its first row is here, the others come as they are read. */
export interface Part {
  readonly section: Section
  /** Why it is not shown. */
  readonly withheld?: string
  readonly rows: AsyncIterable<Row>
}

export interface Run {
  readonly head: Head
  readonly parts: readonly Part[]
}

/** Of the form of reports: a new one where the same inputs would give other bytes. */
export const REPORT_VERSION = 1
/** Routes asked at once, below what one reader may. */
const AT_ONCE = 3

/** Begins a report: every section has asked its first question, so that a refusal is an answer and no torn file. */
export async function runReport(wish: ReportWish, door: Door, signal: AbortSignal): Promise<Run> {
  const report: Report = REPORTS[wish.name]
  const params = paramsOf(wish.name, report, wish.params)
  const frame = createFrame()
  const pace = { signal, patient: false }
  const get = createGet(door, frame, pace)
  const once = createOnce()
  const parts = await inOrder(report.sections, AT_ONCE, (section) =>
    begin(section, { window: wish.window, params, once }, door, get),
  )
  const [first] = parts
  if (first && parts.every(({ withheld }) => withheld !== undefined))
    throw new TrailError('not_permitted', `Your role sees nothing of this report. ${first.withheld ?? ''}`.trim())
  pace.patient = true
  return { head: headOf(wish, report, params, frame), parts }
}

function createOnce(): Asked['once'] {
  const made = new Map<string, Promise<unknown>>()
  return async <Value>(name: string, make: () => Promise<Value>) => {
    const value = made.get(name) ?? make()
    made.set(name, value)
    return (await value) as Value
  }
}

type AskedBy = (section: Section) => <A extends object>(route: Askable, given?: Given) => Promise<A>

async function begin(section: Section, asked: Omit<Asked, 'get'>, door: Door, getFor: AskedBy): Promise<Part> {
  const refusal = section.asks.map((route) => door.refuses(route)).find((each) => each !== undefined)
  if (refusal !== undefined) return withheldPart(section, refusal)
  const rows = section.rows({ ...asked, get: getFor(section) })[Symbol.asyncIterator]()
  try {
    const first = await rows.next()
    return { section, rows: continued(first, rows) }
  } catch (error) {
    if (error instanceof TrailError && (error.code === 'figure_withheld' || error.code === 'not_permitted'))
      return withheldPart(section, error.message)
    throw error
  }
}

function withheldPart(section: Section, withheld: string): Part {
  return { section, withheld, rows: continued({ done: true, value: undefined }) }
}

async function* continued(first: IteratorResult<Row>, rest?: AsyncIterator<Row>): AsyncIterable<Row> {
  try {
    for (let next = first; !next.done; next = (await rest?.next()) ?? { done: true, value: undefined }) yield next.value
  } finally {
    await rest?.return?.()
  }
}

interface Frame {
  watermark: Milliseconds | null
  completeness: Head['completeness']
  lateEvents: number
  readonly methods: Map<string, string>
  readonly withheld: Set<string>
}

function createFrame(): Frame {
  return { watermark: null, completeness: null, lateEvents: 0, methods: new Map(), withheld: new Set() }
}

/** What sections ask with: only what they said they would; what two of them ask alike is asked once. */
function createGet(door: Door, frame: Frame, pace: GetOptions): AskedBy {
  const known = new Map<string, Promise<object>>()
  return ({ name, asks }) =>
    async <A extends object>(route: Askable, given: Given = {}) => {
      if (!asks.includes(route)) throw new TypeError(`the section ${name} asks ${route} and does not say so`)
      pace.signal.throwIfAborted()
      // A page of a list is read once, and a long list is not kept.
      if (given.cursor !== undefined) return (await door.get(route, given, { ...pace })) as A
      const key = JSON.stringify([route, given])
      const answer = known.get(key) ?? door.get(route, given, { ...pace })
      known.set(key, answer)
      if (known.size > KNOWN_MAX) known.clear()
      const found = await answer
      note(frame, route, found)
      return found as A
    }
}

const KNOWN_MAX = 50

function note(frame: Frame, route: Askable, answer: object): void {
  const { watermark, completeness, lateEvents, method, question, withheld } = answer as Partial<Answer<unknown>> & {
    readonly withheld?: { readonly rules: readonly { readonly says: string }[] }
  }
  for (const { says } of withheld?.rules ?? []) frame.withheld.add(says)
  if (watermark !== undefined) frame.watermark = Math.min(frame.watermark ?? watermark, watermark)
  if (method !== undefined) frame.methods.set(question ?? route.replace('/v1/', ''), method)
  frame.lateEvents = Math.max(frame.lateEvents, lateEvents ?? 0)
  if (completeness !== undefined && (frame.completeness === null || (completeness.value ?? 1) < (frame.completeness.value ?? 1)))
    frame.completeness = { value: completeness.value, missing: completeness.missing }
}

function headOf({ name, tenant, window, redaction }: ReportWish, report: Report, params: ReportParams, frame: Frame): Head {
  const takes = [...Object.keys(report.params), ...(report.needs ?? [])]
  return {
    report: name,
    version: REPORT_VERSION,
    reader: report.reader,
    title: report.title,
    answers: report.answers,
    tenant,
    window,
    zone: 'UTC',
    params: Object.fromEntries(Object.entries(params).filter(([each]) => takes.includes(each))),
    watermark: frame.watermark,
    completeness: frame.completeness,
    lateEvents: frame.lateEvents,
    methods: [...frame.methods]
      .map(([question, method]) => ({ question, method }))
      .toSorted((a, b) => (a.question < b.question ? -1 : 1)),
    redaction: [...redaction, ...[...frame.withheld].toSorted()],
  }
}

/** Results in the order of what was given, a few at a time. */
async function inOrder<Value, Result>(
  values: readonly Value[],
  atOnce: number,
  make: (value: Value) => Promise<Result>,
): Promise<Result[]> {
  const results: Result[] = []
  const waiting = [...values.entries()]
  const work = async (): Promise<void> => {
    for (let next = waiting.shift(); next !== undefined; next = waiting.shift()) results[next[0]] = await make(next[1])
  }
  await Promise.all(Array.from({ length: atOnce }, work))
  return results
}
