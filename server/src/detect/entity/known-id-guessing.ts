import { DECISION_REASONS, KINDS } from 'tokentrail'
import { duration, number, token } from './facts.ts'
import { sourceSubject } from './moment.ts'
import type { EntityStep } from './step.ts'

const WINDOWS = [
  { no: 11, seconds: 3600, attempts: 5 },
  { no: 12, seconds: 86_400, attempts: 12 },
  { no: 13, seconds: 604_800, attempts: 25 },
] as const
const DAY_SECONDS = 86_400

/** Secrets tried on one public id. It says nothing against the token, whose record it never touches. */
export const knownIdGuessing: EntityStep = {
  name: 'known-id-guessing',
  on: ['failed'],
  see(moment) {
    const { event, memory, at, second } = moment
    const { claimedNo, tenant } = event
    if (claimedNo === 0 || event.reason !== DECISION_REASONS.wrong_secret.id || event.kind === KINDS.validation) return
    const row = memory.tokens.find(Math.floor(claimedNo / 2 ** 32), claimedNo >>> 0)
    const isRotated = row >= 0 && second - memory.tokens.fields.rotatedAt.get(row) < DAY_SECONDS
    for (const kind of WINDOWS) {
      const { count } = memory.acts.add(kind, tenant, claimedNo, at, { count: event.count })
      if (isRotated || count < kind.attempts) continue
      return moment.notice({
        detector: 'known-id-guessing',
        severity: 'low',
        subject: { kind: 'token', key: String(claimedNo) },
        weight: count,
        tell: () => ({
          facts: { attempts: number(count), token: token(claimedNo), span: duration(kind.seconds * 1000) },
          measured: { observed: count, expected: null, score: { value: 1, unit: 'exact' } },
          features: [`${count} wrong secrets for one id`],
          unless: [
            `It would not have fired below ${kind.attempts} wrong secrets in this time.`,
            'It would not have fired within a day of a rotation of this token.',
          ],
          touches: moment.source >= 0 ? [sourceSubject(moment)] : [],
        }),
      })
    }
  },
}
