import type { Answer } from '../../../query/answer.ts'
import type { ScopeRow } from '../../../query/rows.ts'
import { FIGURE_COLUMNS, figure } from '../figures.ts'
import { activeTokens, TOKENS_AND_USE, type UsedToken } from '../lists.ts'
import type { Asked, Report, Section } from '../report.ts'
import { ageDays, idleDays, TOKEN_COLUMNS, tokenCells, USE_COLUMNS, useCells } from '../tokens.ts'

/** Tokens whose scopes are compared with what they used: each is a question. */
const SCOPED_MAX = 20

/** What is wrong with a token, and what to do. The order is that of the report. */
const FAULTS: readonly { readonly fault: string; readonly todo: string; holds(token: UsedToken, asked: Asked): boolean }[] = [
  {
    fault: 'never used',
    todo: 'end it',
    holds: (token, { window, params }) =>
      token.use?.lastAcceptedAt === null && (ageDays(token, window.to) ?? Infinity) > params.days,
  },
  {
    fault: 'idle',
    todo: 'ask its owner, then end it',
    holds: (token, { window, params }) => (idleDays(token, window.to) ?? 0) > params.days,
  },
  { fault: 'never expires', todo: 'give it an end', holds: ({ kind, expiresAt }) => kind === 'access' && expiresAt === null },
]

const COUNTS = {
  name: 'counts',
  title: 'Which tokens should not exist',
  says: 'Active tokens with each fault. A token with two faults is counted at both.',
  asks: TOKENS_AND_USE,
  as: 'figures',
  columns: FIGURE_COLUMNS,
  async *rows(asked) {
    const { tokens, more } = await activeTokens(asked)
    yield figure('Days without use that make a token idle', asked.params.days, 'days')
    for (const { fault, holds } of FAULTS)
      yield figure(`Active and ${fault}`, tokens.filter((token) => holds(token, asked)).length, 'count', { of: tokens.length })
    yield figure('Only the newest tokens were looked at', more, 'flag')
  },
} as const satisfies Section

const TOKENS = {
  name: 'tokens',
  title: 'Tokens to tidy up',
  says: 'One row for each fault of a token.',
  asks: TOKENS_AND_USE,
  columns: {
    fault: { title: 'Fault', form: 'text' },
    ...TOKEN_COLUMNS,
    age: { title: 'Age', form: 'days' },
    idle: { title: 'Idle', form: 'days' },
    ...USE_COLUMNS,
    todo: { title: 'To do', form: 'text' },
  },
  async *rows(asked) {
    const { tokens } = await activeTokens(asked)
    for (const { fault, todo, holds } of FAULTS) {
      for (const token of tokens.filter((each) => holds(each, asked)))
        yield {
          fault,
          ...tokenCells(token),
          age: ageDays(token, asked.window.to),
          idle: idleDays(token, asked.window.to),
          ...useCells(token),
          todo,
        }
    }
  },
} as const satisfies Section

const SCOPES = {
  name: 'scopes',
  title: 'More scopes than are used',
  says: `Of the ${SCOPED_MAX} tokens with most traffic that have two scopes or more: what they used in the window, and what a smaller set would have refused of it.`,
  asks: [...TOKENS_AND_USE, '/v1/questions/scopes-of-token'],
  columns: {
    ...TOKEN_COLUMNS,
    granted: { title: 'Granted', form: 'count' },
    suggested: { title: 'Suggested scopes', form: 'text' },
    unused: { title: 'Unused scopes', form: 'text' },
    wouldRefuse: { title: 'Would have refused', form: 'count' },
    of: { title: 'Of accepted', form: 'count' },
  },
  async *rows(asked) {
    for (const token of await scopedTokens(asked)) {
      const { rows } = await asked.get<Answer<ScopeRow>>('/v1/questions/scopes-of-token', { ...asked.window, token: token.id })
      const granted = rows.filter(({ granted: isGranted }) => isGranted)
      const [used, unused] = [granted.filter(({ accepted }) => accepted > 0), granted.filter(({ accepted }) => accepted === 0)]
      if (unused.length === 0) continue
      yield {
        ...tokenCells(token),
        granted: granted.length,
        suggested: used
          .map(({ name }) => name)
          .toSorted()
          .join(' '),
        unused: unused
          .map(({ name }) => name)
          .toSorted()
          .join(' '),
        wouldRefuse: unused.reduce((sum, { accepted }) => sum + accepted, 0),
        of: used.reduce((sum, { accepted }) => sum + accepted, 0),
      }
    }
  },
} as const satisfies Section

async function scopedTokens(asked: Asked): Promise<readonly UsedToken[]> {
  const { tokens } = await activeTokens(asked)
  return tokens
    .filter(({ scopes, kind }) => kind === 'access' && scopes.length > 1)
    .toSorted((a, b) => (b.use?.accepted30d ?? 0) - (a.use?.accepted30d ?? 0) || (a.id < b.id ? -1 : 1))
    .slice(0, SCOPED_MAX)
}

/** Which tokens should not exist? */
export const hygiene = {
  reader: 'security',
  title: 'Token hygiene',
  answers: 'Which tokens should not exist, and which may do more than they need?',
  days: 90,
  params: { days: 90 },
  sections: [COUNTS, TOKENS, SCOPES],
} as const satisfies Report
