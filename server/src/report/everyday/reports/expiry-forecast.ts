import { countText, shareText } from 'tokentrail/verify'
import { activeTokens, TOKENS_AND_USE, type UsedToken } from '../lists.ts'
import { type Asked, type Report, type Section, timeOf } from '../report.ts'
import { shareOfTraffic, TOKEN_COLUMNS, tokenCells, USE_COLUMNS, useCells } from '../tokens.ts'

const DAY_MS = 86_400_000
const WEEK_MS = 7 * DAY_MS
/** 1970-01-05, a Monday. */
const MONDAY_MS = 4 * DAY_MS

interface Expiring {
  readonly token: UsedToken
  readonly at: number
}

const WEEKS = {
  name: 'weeks',
  title: 'By week',
  says: 'What expires in each week, from Monday in UTC, and how much of the traffic of the last 30 days goes through it. A week in which nothing expires is left out.',
  asks: TOKENS_AND_USE,
  columns: {
    at: { title: 'Week from', form: 'time' },
    tokens: { title: 'Tokens', form: 'count' },
    owners: { title: 'Owners', form: 'count' },
    accepted30d: { title: 'Accepted in 30 d', form: 'count' },
    share: { title: 'Of the traffic', form: 'share' },
  },
  async *rows(asked) {
    const { expiring, accepted30d } = await expiringIn(asked)
    for (const [at, alike] of Map.groupBy(expiring, (each) => mondayOf(each.at))) {
      const used = alike.reduce((sum, { token }) => sum + (token.use?.accepted30d ?? 0), 0)
      const owners = new Set(alike.map(({ token }) => token.owner)).size
      yield { at, tokens: alike.length, owners, accepted30d: used, share: shareOfTraffic(used, accepted30d) }
    }
  },
  words: (rows) => {
    const [most] = rows.toSorted((a, b) => Number(b.share) - Number(a.share))
    if (most === undefined || typeof most.share !== 'number' || typeof most.at !== 'number') return []
    const day = new Date(most.at).toISOString().slice(0, 10)
    return [
      `${countText(Number(most.tokens))} tokens with ${shareText(most.share)} of the traffic expire in the week from ${day}: that week breaks most.`,
    ]
  },
} as const satisfies Section

const TOKENS = {
  name: 'tokens',
  title: 'What expires, soonest first',
  says: 'Renew or rotate what is used before its day; let what is not used expire.',
  asks: TOKENS_AND_USE,
  columns: {
    expiresAt: { title: 'Expires', form: 'time' },
    ...TOKEN_COLUMNS,
    kind: { title: 'Kind', form: 'text' },
    ...USE_COLUMNS,
    share: { title: 'Of the traffic', form: 'share' },
    todo: { title: 'To do', form: 'text' },
  },
  async *rows(asked) {
    const { expiring, accepted30d } = await expiringIn(asked)
    for (const { token, at } of expiring) {
      const used = token.use?.accepted30d ?? 0
      yield {
        expiresAt: at,
        ...tokenCells(token),
        kind: token.kind,
        ...useCells(token),
        share: shareOfTraffic(used, accepted30d),
        todo: used > 0 ? 'rotate before' : 'let it expire',
      }
    }
  },
} as const satisfies Section

/** What expires within so many days of the end of the window, soonest first. */
async function expiringIn(asked: Asked): Promise<{ readonly expiring: readonly Expiring[]; readonly accepted30d: number }> {
  const { tokens, accepted30d } = await activeTokens(asked)
  const [from, to] = [asked.window.to, asked.window.to + asked.params.days * DAY_MS]
  const expiring = tokens.flatMap((token) => {
    const at = timeOf(token.expiresAt)
    return at !== null && at >= from && at < to ? [{ token, at }] : []
  })
  return { expiring: expiring.toSorted((a, b) => a.at - b.at || (a.token.id < b.token.id ? -1 : 1)), accepted30d }
}

function mondayOf(at: number): number {
  return Math.floor((at - MONDAY_MS) / WEEK_MS) * WEEK_MS + MONDAY_MS
}

/** What expires, and what breaks then? */
export const expiryForecast = {
  reader: 'developer',
  title: 'Expiry forecast',
  answers: 'What expires, and how much of the traffic breaks then?',
  days: 30,
  params: { days: 90 },
  sections: [WEEKS, TOKENS],
} as const satisfies Report
