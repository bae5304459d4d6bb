import { distinctIn } from './bits.ts'
import { duration, network, number } from './facts.ts'
import { ownerSubject, sourceSubject, tokenSubject, type Moment } from './moment.ts'
import { DAY_MS, HOUR_MS, type EntityStep } from './step.ts'

const OWNERS_HOUR_MIN = 5
const OWNERS_WEEK_MIN = 6
const OVER_MAX = 2
const STRANGE_SHARE_MIN = 0.7

/** A harvest: one source with tokens of many owners, most of whom never came from there. */
export const manyTokens: EntityStep = {
  name: 'many-tokens',
  on: ['accepted'],
  see(moment) {
    const { memory, source: row, odd } = moment
    if (row < 0 || odd.place === 0) return
    const s = memory.sources.fields
    const hour = { strange: distinctIn(s.hourStrange, row, 2), owners: distinctIn(s.hourOwners, row, 4) }
    const week = { strange: distinctIn(s.weekStrange, row, 2), owners: distinctIn(s.weekOwners, row, 2) }
    const max = s.ownersMax.get(row)
    if (hour.strange >= OWNERS_HOUR_MIN && hour.strange >= STRANGE_SHARE_MIN * hour.owners && hour.owners >= OVER_MAX * max)
      tell(moment, hour.owners, distinctIn(s.hourTokens, row, 4), max, HOUR_MS)
    else if (week.strange >= OWNERS_WEEK_MIN && week.strange >= STRANGE_SHARE_MIN * week.owners)
      tell(moment, week.owners, week.owners, max, 7 * DAY_MS)
  },
}

function tell(moment: Moment, owners: number, tokens: number, max: number, span: number): void {
  moment.notice({
    detector: 'many-tokens',
    severity: 'high',
    subject: sourceSubject(moment),
    weight: owners,
    tell: () => ({
      facts: {
        network: network(moment.networkHigh, moment.networkLow),
        tokens: number(tokens),
        owners: number(owners),
        span: duration(span),
        max: number(max),
      },
      measured: {
        observed: owners,
        expected: { value: max, low: 0, high: Math.max(OWNERS_HOUR_MIN, OVER_MAX * max) },
        score: { value: owners / Math.max(max, 1), unit: 'exact' },
      },
      features: [`${owners} owners at one network`, 'a network that is new to most of their tokens'],
      unless: ['It would not have fired if the owners had used this network before (an office, a gateway).'],
      touches: [tokenSubject(moment), ownerSubject(moment)],
    }),
  })
}
