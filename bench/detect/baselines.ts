import { eventId, FLAGS, OUTCOMES, POPULATIONS, reasonName, TYPES, type Milliseconds } from 'tokentrail'
import type { Found, Severity, Subject } from '../../server/src/detect/finding.ts'
import type { EventRow } from '../../server/src/event/row.ts'
import type { Detecting } from './run.ts'

/** What people build first: a fixed number in a fixed time. */
export function fixedThresholds(): Detecting {
  const counts = new Map<string, { from: Milliseconds; keys: Set<string | number>; spoke: boolean }>()

  function see(event: EventRow, say: (found: Found) => void): void {
    for (const rule of RULES) {
      const hit = rule.of(event)
      if (hit === undefined) continue
      const name = `${rule.name} ${event.tenant} ${hit.subject.kind} ${hit.subject.key}`
      let count = counts.get(name)
      if (!count || event.occurredAt - count.from > rule.withinMs) {
        count = { from: event.occurredAt, keys: new Set(), spoke: false }
        counts.set(name, count)
      }
      count.keys.add(hit.key)
      if (count.keys.size < rule.atLeast || count.spoke) continue
      count.spoke = true
      say(
        foundOf(event, {
          name: rule.name,
          severity: rule.severity,
          subject: hit.subject,
          from: count.from,
          observed: count.keys.size,
        }),
      )
    }
  }

  return detectingBy(see)
}

interface Rule {
  readonly name: string
  readonly severity: Severity
  readonly atLeast: number
  readonly withinMs: Milliseconds
  /** What is counted for whom; `key` is counted once. */
  readonly of: (event: EventRow) => { readonly subject: Subject; readonly key: string | number } | undefined
}

const MINUTE_MS = 60_000
const HOUR_MS = 60 * MINUTE_MS
const DAY_MS = 24 * HOUR_MS

const isUse = ({ type }: EventRow): boolean => type === TYPES['token.validated'].id || type === TYPES['token.consumed'].id
const isRefused = ({ type, outcome }: EventRow): boolean => type === TYPES['token.validated'].id && outcome === OUTCOMES.rejected
const source = ({ network }: EventRow): Subject => ({ kind: 'source', key: network.toString(16) })
const tokenOf = ({ tokenNo, claimedNo }: EventRow): Subject => ({ kind: 'token', key: String(tokenNo || claimedNo) })
const ENDED: ReadonlySet<string> = new Set(['revoked', 'superseded', 'consumed', 'canary'])

const RULES: readonly Rule[] = [
  {
    name: '20 refusals of one network in 5 minutes',
    severity: 'high',
    atLeast: 20,
    withinMs: 5 * MINUTE_MS,
    of: (event) => (isRefused(event) && event.network !== 0n ? { subject: source(event), key: event.seq } : undefined),
  },
  {
    name: '10 networks of one token in a day',
    severity: 'high',
    atLeast: 10,
    withinMs: DAY_MS,
    of: (event) => (isUse(event) && event.tokenNo !== 0 ? { subject: tokenOf(event), key: String(event.network) } : undefined),
  },
  {
    name: '10 owners of one network in an hour',
    severity: 'high',
    atLeast: 10,
    withinMs: HOUR_MS,
    of: (event) => (isUse(event) && event.ownerNo !== 0 ? { subject: source(event), key: event.ownerNo } : undefined),
  },
  {
    name: 'one use after the end',
    severity: 'medium',
    atLeast: 1,
    withinMs: DAY_MS,
    of: (event) =>
      isRefused(event) && ENDED.has(reasonName(event.reason) ?? '') ? { subject: tokenOf(event), key: event.seq } : undefined,
  },
  {
    name: '10 wrong secrets for one token in an hour',
    severity: 'medium',
    atLeast: 10,
    withinMs: HOUR_MS,
    of: (event) => (event.claimedNo === 0 ? undefined : { subject: tokenOf(event), key: event.seq }),
  },
  {
    name: '10 refused scopes of one token in an hour',
    severity: 'medium',
    atLeast: 10,
    withinMs: HOUR_MS,
    of: (event) => (reasonName(event.reason) === 'scope_missing' ? { subject: tokenOf(event), key: event.seq } : undefined),
  },
  {
    name: '1,000 uses of one token in an hour',
    severity: 'medium',
    atLeast: 1_000,
    withinMs: HOUR_MS,
    of: (event) => (isUse(event) && event.tokenNo !== 0 ? { subject: tokenOf(event), key: event.seq } : undefined),
  },
  {
    name: '20 tokens of one issuer in an hour',
    severity: 'medium',
    atLeast: 20,
    withinMs: HOUR_MS,
    of: (event) =>
      event.type === TYPES['token.issued'].id && event.actorNo !== 0
        ? { subject: { kind: 'principal', key: String(event.actorNo) }, key: event.tokenNo }
        : undefined,
  },
]

/** The other thing that people build first: whatever a token does for the first time, once it is two weeks old. */
export function firstSeen(): Detecting {
  const known = new Map<string, Milliseconds>()

  function see(event: EventRow, say: (found: Found) => void): void {
    if (event.population !== POPULATIONS.attributed || event.outcome !== OUTCOMES.accepted || (event.flags & FLAGS.check) !== 0)
      return
    const token = `${event.tokenNo}`
    const since = known.get(token) ?? event.occurredAt
    known.set(token, since)
    for (const field of ['network', 'client', 'scope'] as const) {
      const name = `${token} ${field} ${event[field]}`
      if (known.has(name)) continue
      known.set(name, event.occurredAt)
      if (event.occurredAt - since < LEARN_MS) continue
      const what = { name: `a ${field} for the first time`, severity: 'medium', from: event.occurredAt, observed: 1 } as const
      say(foundOf(event, { ...what, subject: tokenOf(event) }))
    }
  }

  return detectingBy(see)
}

const LEARN_MS = 14 * DAY_MS

function detectingBy(see: (event: EventRow, say: (found: Found) => void) => void): Detecting {
  return {
    take(events) {
      const found: Found[] = []
      for (const event of events) see(event, (each) => found.push(each))
      return found
    },
    pass: () => [],
  }
}

function foundOf(
  event: EventRow,
  {
    name,
    severity,
    subject,
    from,
    observed,
  }: { name: string; severity: Severity; subject: Subject; from: Milliseconds; observed: number },
): Found {
  return {
    tenant: event.tenant,
    detector: `rule:${name}`,
    severity,
    confidence: 'medium',
    subject,
    from,
    to: event.occurredAt,
    detectedAt: event.occurredAt,
    measured: { observed, expected: null, score: { value: 1, unit: 'exact' } },
    facts: {},
    features: [],
    unless: [],
    evidence: [eventId(event.writer, event.seq)],
    evidenceCount: observed,
    caveats: [],
    touches: [source(event)],
  }
}
