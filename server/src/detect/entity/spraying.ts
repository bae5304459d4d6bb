import { duration, number, text } from './facts.ts'
import { hashText } from './bits.ts'
import { sourceSubject, type Moment } from './moment.ts'
import { networkHash } from './odd.ts'
import { recentFailures } from './source.ts'
import { DAY_MS, type EntityStep } from './step.ts'
import { mix } from './table.ts'
import { poissonTail } from './tail.ts'
import type { EventRow } from '../../event/row.ts'
import type { HabitKind, Window } from './habit.ts'

const WINDOWS = [
  { no: 1, seconds: 600, sources: 10 },
  { no: 2, seconds: 3600, sources: 10 },
  { no: 3, seconds: 86_400, sources: 12 },
  { no: 4, seconds: 604_800, sources: 20 },
] as const satisfies readonly (HabitKind & { readonly sources: number })[]
/** Tries per source, at most: more is guessing. */
const TRIES_MAX = 5
const TRIES_OF_SOURCE_MAX = 20
const HOUR_WINDOW = 2
const TAIL_MIN = 8
const OVER_MAX = 3
const LEARN_MS = 7 * DAY_MS
const OPEN_SECONDS = 7 * 86_400
const SPRAYS_MAX = 4096
/** A source that was accepted within so many seconds is a known client: its failures are a shift, not a spray. */
const KNOWN_SECONDS = 30 * 86_400

/** Many sources that share a trait, with few tries each. */
export const spraying: EntityStep = {
  name: 'spraying',
  on: ['failed'],
  see(moment) {
    const { event, memory, source, at } = moment
    if (source < 0 || isKnownClient(moment) || memory.sources.fields.attempts.get(source, HOUR_WINDOW) > TRIES_OF_SOURCE_MAX)
      return
    const isLearned = at - (memory.tenants.get(event.tenant) ?? at) >= LEARN_MS
    const hash = networkHash(moment.networkHigh, moment.networkLow)
    for (const trait of traitsOf(event))
      for (const kind of WINDOWS) {
        const window = memory.acts.add(kind, event.tenant, trait.key, at, {
          hash,
          onlyDistinct: true,
          other: Math.max(1, event.distinct),
        })
        if (isLearned && isSpray(window, kind)) tell(moment, trait, kind, window)
      }
  },
}

interface Trait {
  readonly key: number
  readonly name: string
}

/** What sources may have in common; the tenant itself is the last. */
export function traitsOf({ tenant, client, asn }: EventRow): readonly Trait[] {
  const traits: Trait[] = []
  if (client !== '') traits.push({ key: mix(tenant, hashText(client)), name: `the client ${client}` })
  if (asn !== 0) traits.push({ key: mix(mix(tenant, 2), asn), name: `the system AS${asn}` })
  return [...traits, { key: mix(tenant, 1), name: 'nothing but their failures' }]
}

function isKnownClient({ memory, source: row, second }: Moment): boolean {
  const s = memory.sources.fields
  return s.accepted.get(row) > 0 && second - s.lastAccepted.get(row) < KNOWN_SECONDS
}

function isSpray({ distinct, other, max, mean }: Window, { sources }: (typeof WINDOWS)[number]): boolean {
  if (distinct < sources || distinct < OVER_MAX * max || other > TRIES_MAX * distinct) return false
  return poissonTail(distinct, Math.max(mean, 0.5)) >= TAIL_MIN
}

function tell(moment: Moment, trait: Trait, kind: (typeof WINDOWS)[number], window: Window): void {
  const { event, memory, second } = moment
  const { distinct: sources, other: tries, mean } = window
  if (memory.sprays.size < SPRAYS_MAX || memory.sprays.has(trait.key)) memory.sprays.set(trait.key, second + OPEN_SECONDS)
  moment.notice({
    detector: 'spraying',
    severity: 'medium',
    subject: { kind: 'tenant', key: trait.name },
    weight: sources,
    before: recentFailures(moment),
    tell: () => ({
      facts: {
        sources: number(sources),
        trait: text(trait.name),
        distinct: number(tries),
        span: duration(kind.seconds * 1000),
        each: number(Math.max(1, Math.round(tries / sources))),
        expected: number(mean),
      },
      measured: {
        observed: sources,
        expected: { value: mean, low: 0, high: Math.max(kind.sources, OVER_MAX * window.max) },
        score: { value: poissonTail(sources, Math.max(mean, 0.5)), unit: '-log10 p' },
      },
      features: [`${sources} networks that were never accepted`, `in common: ${trait.name}`],
      unless: [
        `It would not have fired below ${kind.sources} networks, or three times the most of a window before.`,
        'It would not have fired if these networks had been accepted within 30 days.',
      ],
      caveats: event.count > 1 ? ['coalesced'] : [],
      touches: [sourceSubject(moment)],
    }),
  })
}
