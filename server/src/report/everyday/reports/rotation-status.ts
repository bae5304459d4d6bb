import { shareText } from 'tokentrail/verify'
import { FIGURE_COLUMNS, figure } from '../figures.ts'
import { activeTokens, TOKENS_AND_USE, type UsedToken, usedTokens } from '../lists.ts'
import { type Asked, type Report, type Section, timeOf } from '../report.ts'
import { ageDays, idleDays, shareOfTraffic, TOKEN_COLUMNS, tokenCells, USE_COLUMNS, useCells } from '../tokens.ts'

const LISTED = 500
/** So long nobody used the old one: it may be ended, if its usual gap is shorter. */
const SILENT_DAYS = 7

const OPEN = {
  name: 'open-rotations',
  title: 'Open rotations',
  says: `The old token of each rotation in its grace. One that was silent for ${SILENT_DAYS} days, and for three times its usual gap, can be ended; its page knows the gap.`,
  asks: TOKENS_AND_USE,
  columns: {
    ...TOKEN_COLUMNS,
    generation: { title: 'Generation', form: 'count' },
    ...USE_COLUMNS,
    silent: { title: 'Silent for', form: 'days' },
    graceUntil: { title: 'Grace ends', form: 'time' },
    todo: { title: 'To do', form: 'text' },
  },
  async *rows(asked) {
    for await (const token of usedTokens(asked, { state: 'in_grace' })) {
      const silent = idleDays(token, asked.window.to)
      const todo = silent === null || silent >= SILENT_DAYS ? 'look at its usual gap, then end it' : 'find who still uses it'
      yield {
        ...tokenCells(token),
        generation: token.generation,
        ...useCells(token),
        silent,
        graceUntil: timeOf(token.graceUntil),
        todo,
      }
    }
  },
} as const satisfies Section

const DEBT = {
  name: 'rotation-debt',
  title: 'Rotation debt',
  says: 'Active access tokens that are older than the limit, and how much of the traffic of the last 30 days goes through them.',
  asks: TOKENS_AND_USE,
  as: 'figures',
  columns: FIGURE_COLUMNS,
  async *rows(asked) {
    const { access, old, accepted, more } = await debtIn(asked)
    const used = old.reduce((sum, { use }) => sum + (use?.accepted30d ?? 0), 0)
    yield figure('Limit of age', asked.params.days, 'days')
    yield figure('Active access tokens', access.length)
    yield figure('Older than the limit', old.length, 'count', { of: access.length })
    yield figure('Their share of traffic', shareOfTraffic(used, accepted), 'share', { of: accepted })
    yield figure('Of unknown age', access.filter(({ issuedAt }) => issuedAt === null).length)
    yield figure('Only the newest tokens were looked at', more, 'flag')
  },
  words: (rows) => {
    const value = (name: string) => rows.find((row) => row.figure === name)?.value
    const [old, share] = [value('Older than the limit'), value('Their share of traffic')]
    return typeof share === 'number' ? [`${String(old)} old tokens carry ${shareText(share)} of the traffic.`] : []
  },
} as const satisfies Section

const OLDEST = {
  name: 'old-tokens',
  title: 'What to rotate first',
  says: `The old tokens with most traffic first, at most ${LISTED}. A token without traffic needs no rotation: end it.`,
  asks: TOKENS_AND_USE,
  columns: {
    ...TOKEN_COLUMNS,
    age: { title: 'Age', form: 'days' },
    generation: { title: 'Generation', form: 'count' },
    ...USE_COLUMNS,
    share: { title: 'Of the traffic', form: 'share' },
    todo: { title: 'To do', form: 'text' },
  },
  async *rows(asked) {
    const { old, accepted } = await debtIn(asked)
    const used = ({ use }: UsedToken): number => use?.accepted30d ?? 0
    for (const token of old.toSorted((a, b) => used(b) - used(a) || (a.id < b.id ? -1 : 1)).slice(0, LISTED))
      yield {
        ...tokenCells(token),
        age: ageDays(token, asked.window.to),
        generation: token.generation,
        ...useCells(token),
        share: shareOfTraffic(used(token), accepted),
        todo: used(token) > 0 ? 'rotate' : 'end',
      }
  },
} as const satisfies Section

async function debtIn(asked: Asked) {
  const { tokens, more } = await activeTokens(asked)
  const access = tokens.filter(({ kind }) => kind === 'access')
  const old = access.filter((token) => (ageDays(token, asked.window.to) ?? 0) > asked.params.days)
  return { access, old, more, accepted: access.reduce((sum, { use }) => sum + (use?.accepted30d ?? 0), 0) }
}

/** Which rotations are open, and what should be rotated? */
export const rotationStatus = {
  reader: 'developer',
  title: 'Rotation status',
  answers: 'Which rotations can be finished, and what should be rotated next?',
  days: 30,
  params: { days: 90 },
  sections: [DEBT, OPEN, OLDEST],
} as const satisfies Report
