import { eventId, FLAGS, TYPES } from 'tokentrail'
import { duration, number, time, token } from './facts.ts'
import { touchesOf, tokenSubject, type Moment } from './moment.ts'
import { MINUTE_MS, type EntityStep } from './step.ts'

/** How long a revocation may take to be known everywhere, with the skew of clocks; longer where another system validates. */
const SLACK_MS = 2000
const SLACK_OBSERVED_MS = 5 * MINUTE_MS

/** Our own failure to stop a token: a use after its revocation was accepted. Whichever of the two is journalled first. */
export const acceptedAfterRevoke: EntityStep = {
  name: 'accepted-after-revoke',
  on: ['accepted', 'revoked'],
  see(moment) {
    const { event, memory, token: row, at } = moment
    if (row < 0 || event.type === TYPES['token.resumed'].id) return
    const t = memory.tokens.fields
    const isUse = moment.what === 'accepted'
    const revokedAt = isUse ? t.revokedAt.get(row) : at
    const usedAt = isUse ? at : t.usedAt.get(row)
    const slack = (event.flags & FLAGS.observed) !== 0 ? SLACK_OBSERVED_MS : SLACK_MS
    if (revokedAt === 0 || usedAt - revokedAt <= slack) return
    tell(moment, { revokedAt, gap: usedAt - revokedAt, slack })
  },
}

interface Late {
  readonly revokedAt: number
  readonly gap: number
  readonly slack: number
}

function tell(moment: Moment, { revokedAt, gap, slack }: Late): void {
  const { event, memory, token: row } = moment
  const { lastWriter, lastSeq } = memory.tokens.fields
  moment.notice({
    detector: 'accepted-after-revoke',
    severity: 'critical',
    subject: tokenSubject(moment),
    before: moment.what === 'revoked' ? [eventId(lastWriter.get(row), lastSeq.get(row))] : [],
    tell: ({ count }) => ({
      facts: { token: token(event.tokenNo), endedAt: time(revokedAt), gap: duration(gap), uses: number(count) },
      features: ['accepted later than a revocation takes to be known everywhere'],
      unless: [`It would not have fired if the use had come within ${slack / 1000} seconds of the revocation.`],
      touches: touchesOf(moment),
    }),
  })
}
