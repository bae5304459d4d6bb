import { DECISION_REASONS } from 'tokentrail'
import { duration, number, token } from './facts.ts'
import { hashText } from './bits.ts'
import { touchesOf, tokenSubject } from './moment.ts'
import type { EntityStep } from './step.ts'

const WINDOWS = [
  { no: 41, seconds: 3600, scopes: 5 },
  { no: 42, seconds: 604_800, scopes: 10 },
] as const
const OVER_MAX = 3
const PROBES: ReadonlySet<number> = new Set(
  (['scope_missing', 'wrong_action', 'wrong_resource', 'method_forbidden'] as const).map((reason) => DECISION_REASONS[reason].id),
)

/** Somebody searches what a token may do: many different scopes and routes refused. */
export const scopeProbing: EntityStep = {
  name: 'scope-probing',
  on: ['forbidden'],
  see(moment) {
    const { event, memory, at } = moment
    if (!PROBES.has(event.reason)) return
    const hash = hashText(`${event.scope} ${event.action} ${event.method} ${event.route}`)
    for (const kind of WINDOWS) {
      const { distinct, max } = memory.acts.add(kind, event.tenant, event.tokenNo, at, { hash, onlyDistinct: true })
      if (distinct < kind.scopes || distinct < OVER_MAX * max) continue
      return moment.notice({
        detector: 'scope-probing',
        severity: 'medium',
        subject: tokenSubject(moment),
        weight: distinct,
        tell: () => ({
          facts: { token: token(event.tokenNo), scopes: number(distinct), span: duration(kind.seconds * 1000), max: number(max) },
          measured: {
            observed: distinct,
            expected: { value: max, low: 0, high: Math.max(kind.scopes, OVER_MAX * max) },
            score: { value: distinct / kind.scopes, unit: 'exact' },
          },
          features: [`${distinct} different things refused`],
          unless: [`It would not have fired below ${kind.scopes} different ones, or three times the most before.`],
          touches: touchesOf(moment),
        }),
      })
    }
  },
}
