import { eventId } from 'tokentrail'
import type { EventRow } from '../../event/row.ts'
import { type Concern, concernOf, isConcerned } from './concerns.ts'
import { type GroupWindow, type Hit, judge, newWindow, takeHit } from './group-window.ts'
import type { CorrelationInput, CorrelationSource, Source } from './source.ts'
import { textsOf } from './texts.ts'

/** A source has something to say: the event that completed it and what it rests on. */
export interface Firing {
  readonly row: EventRow
  readonly from: number
  readonly at: number
  readonly measured: number
  /** Values of the group, by the names of `group-by`. */
  readonly group: Readonly<Record<string, string>>
  /** `evt_…`, at most 100, the newest, oldest first. */
  readonly evidence: readonly string[]
  readonly evidenceCount: number
  /** Hits or groups were let go before their time. */
  readonly incomplete: boolean
}

/** Runs a source over events, streaming, in event time. */
export interface Runner {
  see(row: EventRow): readonly Firing[]
  /** Lets go of groups that time has passed by. */
  pass(watermark: number): void
  snapshot(): unknown
  restore(state: unknown): void
  /** Groups that were let go because there were too many. */
  overflow(): number
}

/** Groups of one correlation, at most; the one that was silent longest goes first and is counted. */
export const GROUPS_MAX = 10_000
const EVIDENCE_MAX = 100

export function createRunner(source: Source): Runner {
  return source.kind === 'event' ? createEventRunner(source.predicate) : createCorrelationRunner(source)
}

function createEventRunner(predicate: (row: EventRow) => boolean): Runner {
  return {
    see: (row) => seeEvent(predicate, row),
    pass: () => undefined,
    snapshot: () => null,
    restore: () => undefined,
    overflow: () => 0,
  }
}

const NOTHING: readonly Firing[] = []
const EVERY: Concern = { types: null, observedOnly: false }

/** A rule over single events has no state. */
export function seeEvent(predicate: (row: EventRow) => boolean, row: EventRow): readonly Firing[] {
  return predicate(row) ? [firingOf(row)] : NOTHING
}

function firingOf(row: EventRow): Firing {
  const { occurredAt: at, count } = row
  return {
    row,
    from: at,
    at,
    measured: count,
    group: {},
    evidence: [eventId(row.writer, row.seq)],
    evidenceCount: count,
    incomplete: false,
  }
}

function createCorrelationRunner({ rule, inputs }: CorrelationSource): Runner {
  const below = inputs.map(({ source }) => createRunner(source))
  const concerns = inputs.map(({ source }) => concernOf(source))
  const groups = new Map<string, GroupWindow>()
  let overflow = 0

  function windowOf(key: string): GroupWindow {
    const window = groups.get(key) ?? newWindow()
    // Touched last stands last, so the first one is the one that was silent longest.
    groups.delete(key)
    groups.set(key, window)
    if (groups.size <= GROUPS_MAX) return window
    const [oldest] = groups.keys()
    if (oldest !== undefined) groups.delete(oldest)
    overflow += 1
    return window
  }

  function take(firing: Firing, index: number, input: CorrelationInput): Firing | undefined {
    const values = groupOf(input, firing.row)
    const value = input.value === null ? '' : textsOf(input.value, firing.row)[0]
    if (!values || value === undefined) return undefined
    const window = windowOf(values.length === 1 ? (values[0] ?? '') : JSON.stringify(values))
    const hit: Hit = {
      at: firing.at,
      rule: index,
      count: inputs[index]?.source.kind === 'event' ? firing.evidenceCount : 1,
      value,
      event: firing.evidence.at(-1) ?? '',
    }
    const cut = takeHit(window, rule, hit)
    return fired(window, values, firing, cut)
  }

  /** Speaks when the condition begins to hold, and again after each time span in which it still does. */
  function fired(window: GroupWindow, values: readonly string[], { row }: Firing, cut: boolean): Firing | undefined {
    const { measured, holds } = judge(rule, window)
    const before = window.held
    window.held = holds
    if (!holds || (before && window.newest - window.firedAt < rule.timespanMs)) return undefined
    window.firedAt = window.newest
    const { hits } = window
    return {
      row,
      from: hits[0]?.at ?? window.newest,
      at: window.newest,
      measured,
      group: Object.fromEntries(rule.groupBy.map((name, i) => [name, values[i] ?? ''])),
      evidence: hits.slice(-EVIDENCE_MAX).map(({ event }) => event),
      evidenceCount: window.count,
      incomplete: cut || overflow > 0,
    }
  }

  return {
    see(row) {
      let fired: Firing[] | undefined
      for (const [i, input] of inputs.entries()) {
        if (!isConcerned(concerns[i] ?? EVERY, row)) continue
        for (const firing of below[i]?.see(row) ?? NOTHING) {
          const above = take(firing, i, input)
          if (above) (fired ??= []).push(above)
        }
      }
      return fired ?? NOTHING
    },
    pass(watermark) {
      for (const runner of below) runner.pass(watermark)
      for (const [key, window] of groups) {
        if (window.newest > watermark - rule.timespanMs) break
        groups.delete(key)
      }
    },
    snapshot: () => ({ groups: structuredClone([...groups]), overflow, below: below.map((runner) => runner.snapshot()) }),
    restore(state) {
      const saved = state as { groups: [string, GroupWindow][]; overflow: number; below: unknown[] }
      groups.clear()
      for (const [key, window] of saved.groups) groups.set(key, structuredClone(window))
      overflow = saved.overflow
      below.forEach((runner, i) => runner.restore(saved.below[i]))
    },
    overflow: () => overflow + below.reduce((sum, runner) => sum + runner.overflow(), 0),
  }
}

/** The group's values; an event that lacks one belongs to no group. */
function groupOf({ group }: CorrelationInput, row: EventRow): readonly string[] | undefined {
  const values = group.flatMap((field) => textsOf(field, row)[0] ?? [])
  return values.length < group.length ? undefined : values
}
