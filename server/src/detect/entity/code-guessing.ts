import { DECISION_REASONS, KINDS } from 'tokentrail'
import { duration, number } from './facts.ts'
import { ownerSubject, sourceSubject, type Moment } from './moment.ts'
import { recentFailures } from './source.ts'
import type { EntityStep } from './step.ts'
import type { HabitKind, Window } from './habit.ts'
import type { Subject } from '../finding.ts'

const BARS = { source: { attempts: 10, tokens: 3 }, tenant: { attempts: 40, tokens: 20 } } as const
const KINDS_OF_WINDOW = [
  { of: 'source', no: 21, seconds: 3600 },
  { of: 'source', no: 22, seconds: 86_400 },
  { of: 'tenant', no: 23, seconds: 3600 },
] as const satisfies readonly (HabitKind & { readonly of: keyof typeof BARS })[]
const OVER_MAX = 3

/** Validation codes tried over many tokens, by one source or over the whole tenant. `other` counts tokens that were locked. */
export const codeGuessing: EntityStep = {
  name: 'code-guessing',
  on: ['failed', 'locked'],
  see(moment) {
    const { event, memory, at } = moment
    const isLock = moment.what === 'locked'
    const isCode = event.kind === KINDS.validation && (isLock || event.reason === DECISION_REASONS.wrong_secret.id)
    const tokenNo = event.claimedNo || event.tokenNo
    if (!isCode || tokenNo === 0) return
    for (const kind of KINDS_OF_WINDOW) {
      if (kind.of === 'source' && moment.source < 0) continue
      const subject = kind.of === 'source' ? moment.networkHigh * 2 ** 20 + (moment.networkLow >>> 12) : 0
      const act = isLock ? { count: 0, other: 1, hash: tokenNo >>> 0 } : { count: event.count, hash: tokenNo >>> 0 }
      const window = memory.acts.add(kind, event.tenant, subject, at, act)
      const { attempts, tokens } = BARS[kind.of]
      if (window.count < attempts || window.distinct < tokens || window.count < OVER_MAX * window.max) continue
      return tell(moment, kind, window)
    }
  },
}

function tell(moment: Moment, kind: (typeof KINDS_OF_WINDOW)[number], { count, other, distinct, max }: Window): void {
  const subject: Subject = kind.of === 'source' ? sourceSubject(moment) : { kind: 'tenant', key: 'validation codes' }
  moment.notice({
    detector: 'code-guessing',
    severity: 'high',
    subject,
    weight: count,
    before: recentFailures(moment),
    tell: () => ({
      facts: { attempts: number(count), tokens: number(distinct), span: duration(kind.seconds * 1000), locked: number(other) },
      measured: {
        observed: count,
        expected: { value: max, low: 0, high: BARS[kind.of].attempts },
        score: { value: count / BARS[kind.of].attempts, unit: 'exact' },
      },
      features: [`${distinct} validation tokens`, `${other} of them locked`],
      unless: [`It would not have fired below ${BARS[kind.of].attempts} codes on ${BARS[kind.of].tokens} tokens in this time.`],
      touches: moment.event.ownerNo ? [ownerSubject(moment)] : [],
    }),
  })
}
