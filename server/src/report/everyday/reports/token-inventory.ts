import { TOKENS_AND_USE, usedTokens } from '../lists.ts'
import { type Report, type Section, timeOf } from '../report.ts'
import { ageDays, idleDays, TOKEN_COLUMNS, tokenCells, USE_COLUMNS, useCells } from '../tokens.ts'

const TOKENS = {
  name: 'tokens',
  title: 'Tokens',
  says: 'Every token as the records stand now, newest first. Idle is without an accepted use until the end of the window.',
  asks: TOKENS_AND_USE,
  columns: {
    ...TOKEN_COLUMNS,
    kind: { title: 'Kind', form: 'text' },
    state: { title: 'State', form: 'text' },
    environment: { title: 'Environment', form: 'text' },
    issuedAt: { title: 'Issued', form: 'time' },
    age: { title: 'Age', form: 'days' },
    ...USE_COLUMNS,
    idle: { title: 'Idle', form: 'days' },
    expiresAt: { title: 'Expires', form: 'time' },
    scopes: { title: 'Scopes granted', form: 'text' },
  },
  async *rows(asked) {
    for await (const token of usedTokens(asked)) {
      yield {
        ...tokenCells(token),
        kind: token.kind,
        state: token.state,
        environment: token.environment,
        issuedAt: timeOf(token.issuedAt),
        age: ageDays(token, asked.window.to),
        ...useCells(token),
        idle: idleDays(token, asked.window.to),
        expiresAt: timeOf(token.expiresAt),
        scopes: token.scopes.join(' '),
      }
    }
  },
} as const satisfies Section

/** Which tokens are there, whose are they, and are they used? */
export const tokenInventory = {
  reader: 'developer',
  title: 'Token inventory',
  answers: 'Which tokens are there, whose are they, and are they used?',
  days: 30,
  params: {},
  sections: [TOKENS],
} as const satisfies Report
