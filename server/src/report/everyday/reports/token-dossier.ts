import type { Answer } from '../../../query/answer.ts'
import type { EventView, PlaceRow, ScopeRow, UseRow } from '../../../query/rows.ts'
import { FIGURE_COLUMNS, figure } from '../figures.ts'
import { FINDING_COLUMNS, findingCells, type ListedFinding } from '../found.ts'
import { itemsOf, type ListedToken } from '../lists.ts'
import { type Askable, type Asked, type Columns, type Report, type Row, type Section, timeOf } from '../report.ts'

const LIMIT = 100

const FACTS = {
  name: 'token',
  title: 'The token',
  says: 'As the records stand now.',
  asks: ['/v1/tokens/:id', '/v1/questions/last-used-by-token'],
  as: 'figures',
  columns: FIGURE_COLUMNS,
  async *rows({ get, params }) {
    const token = await get<ListedToken>('/v1/tokens/:id', { id: params.token })
    const use = params.token.includes(',')
      ? undefined
      : (
          await get<Answer<{ readonly lastAcceptedAt: number | null; readonly accepted30d: number }>>(
            '/v1/questions/last-used-by-token',
            { tokens: params.token },
          )
        ).rows[0]
    yield figure('Token', token.id, 'text')
    yield figure('Name', token.name, 'text')
    yield figure('Owner', token.owner, 'text')
    yield figure('Kind', token.kind, 'text')
    yield figure('State', token.state, 'text')
    yield figure('Generation', token.generation)
    yield figure('Issued', timeOf(token.issuedAt), 'time')
    yield figure('Last used', use?.lastAcceptedAt, 'time')
    yield figure('Accepted in 30 days', use?.accepted30d)
    yield figure('Expires', timeOf(token.expiresAt), 'time')
    yield figure('Ended', timeOf(token.endedAt), 'time')
    yield figure('Scopes', token.scopes.join(' '), 'text')
  },
} as const satisfies Section

const LIFE = {
  name: 'life',
  title: 'Its life',
  says: 'Everything that happened to it but its single validations, oldest first.',
  asks: ['/v1/questions/token-life-line'],
  columns: {
    at: { title: 'When', form: 'time' },
    type: { title: 'What', form: 'text' },
    reason: { title: 'Reason', form: 'text' },
    actor: { title: 'By', form: 'text' },
    event: { title: 'Event', form: 'text' },
  },
  async *rows({ get, params }) {
    const { rows } = await get<Answer<EventView>>('/v1/questions/token-life-line', { token: params.token })
    for (const { id, type, at, reason, actor } of rows)
      yield { at, type, reason: reason ?? null, actor: actor ?? null, event: id }
  },
} as const satisfies Section

const USES = {
  attempts: { title: 'Attempts', form: 'count' },
  accepted: { title: 'Accepted', form: 'count' },
  failed: { title: 'Failed', form: 'count' },
  firstAt: { title: 'First', form: 'time' },
  lastAt: { title: 'Last', form: 'time' },
} as const satisfies Columns

function usesOf(row: Omit<UseRow, 'name' | 'firstAt' | 'lastAt'> & Pick<ScopeRow, 'firstAt' | 'lastAt'>): Row {
  const { attempts, accepted, failed, firstAt, lastAt } = row
  return { attempts, accepted, failed, firstAt, lastAt }
}

/** Where and how it was used: one row by name. */
function usesBy(name: string, title: string, what: string, route: Askable): Section {
  return {
    name,
    title,
    says: 'Of the window, most used first.',
    asks: [route],
    columns: { name: { title: what, form: 'text' }, ...USES },
    async *rows({ get, params, window }: Asked) {
      const { rows } = await get<Answer<UseRow>>(route, { ...window, token: params.token, limit: LIMIT })
      for (const row of rows) yield { name: row.name, ...usesOf(row) }
    },
  }
}

const placeSection = (name: string, title: string, says: string, route: Askable, more: Record<string, number>): Section => ({
  name,
  title,
  says,
  asks: [route],
  columns: {
    network: { title: 'Network', form: 'text' },
    country: { title: 'Country', form: 'text' },
    client: { title: 'Client', form: 'text' },
    ...USES,
  },
  async *rows({ get, params, window }: Asked) {
    const { rows } = await get<Answer<PlaceRow>>(route, { ...window, token: params.token, ...more })
    for (const row of rows) yield { network: row.network, country: row.country, client: row.client, ...usesOf(row) }
  },
})

const PLACES = placeSection('places', 'Places', 'From where it was used.', '/v1/questions/places-of-token', { limit: LIMIT })
const AFTER_END = placeSection(
  'after-end',
  'After its end',
  'Attempts after it ended: somebody still holds it.',
  '/v1/questions/uses-after-end',
  {},
)

const SCOPES = {
  name: 'scopes',
  title: 'Scopes',
  says: 'Granted against used. A granted one without use can be taken away.',
  asks: ['/v1/questions/scopes-of-token'],
  columns: { name: { title: 'Scope', form: 'text' }, granted: { title: 'Granted', form: 'flag' }, ...USES },
  async *rows({ get, params, window }) {
    const { rows } = await get<Answer<ScopeRow>>('/v1/questions/scopes-of-token', { ...window, token: params.token })
    for (const row of rows) yield { name: row.name, granted: row.granted, ...usesOf(row) }
  },
} as const satisfies Section

const FINDINGS = {
  name: 'findings',
  title: 'Findings',
  says: 'What detectors found about it in the window.',
  asks: ['/v1/findings'],
  columns: FINDING_COLUMNS,
  async *rows(asked) {
    const given = { ...asked.window, token: asked.params.token }
    for await (const finding of itemsOf<ListedFinding>(asked, '/v1/findings', given)) yield findingCells(finding)
  },
} as const satisfies Section

/** What did this token do? */
export const tokenDossier = {
  reader: 'security',
  title: 'Token dossier',
  answers: 'What did this token do, from where, and what stops with it?',
  days: 90,
  params: {},
  needs: ['token'],
  sections: [
    FACTS,
    LIFE,
    usesBy('services', 'Services', 'Service', '/v1/questions/services-of-token'),
    usesBy('routes', 'Routes', 'Route', '/v1/questions/routes-of-token'),
    SCOPES,
    PLACES,
    usesBy('agents', 'Clients', 'Client', '/v1/questions/agents-of-token'),
    AFTER_END,
    FINDINGS,
  ],
} as const satisfies Report
