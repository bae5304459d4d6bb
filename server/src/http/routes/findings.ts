import { Type } from 'typebox'
import { catalogue } from '../../detect/desk/described.ts'
import { TrailError } from '../../errors.ts'
import type { FindingFilter, FindingRecord, PlaceInTime, Subject } from '../../records/findings.ts'
import { type App, principalOf } from '../app.ts'
import {
  DetectorText,
  FindingDetailSchema,
  findingDetailResource,
  findingResource,
  FindingSchema,
  FindingStateName,
  incidentDetailResource,
  incidentResource,
  IncidentSchema,
  PageQuery,
  pageOf,
  SeverityName,
  SuppressionSchema,
  suppressionResource,
  VerdictName,
  WindowQuery,
  Zone,
} from '../finding-schemas.ts'
import { seesCanaries } from '../canary-veil.ts'
import type { HttpParts } from '../parts.ts'
import { closed, IdParams, Text, Time } from '../schemas.ts'
import { parseTime, parseWindow } from '../times.ts'

const DAY_MS = 86_400_000
const WEEK_MS = 7 * DAY_MS
const MONTH_MS = 30 * DAY_MS
const LIMIT = 50
const Loose = Type.Object({}, { additionalProperties: true })
const Note = Type.String({ maxLength: 1000, description: 'for people; never a secret' })

/** What detectors found: read, judge, suppress; how good they are; and what stopping a token would stop. */
export function findingRoutes(app: App, parts: HttpParts): void {
  lists(app, parts)
  figures(app, parts)
  oneFinding(app, parts)
  judging(app, parts)
  incidents(app, parts)
  blastRadius(app, parts)
}

function lists(app: App, { records, desk, access }: HttpParts): void {
  app.get(
    '/v1/findings',
    {
      config: { permission: 'findings:read', reading: true },
      schema: {
        tags: ['findings'],
        summary: 'Findings, newest first',
        description: '`severity` means that one and graver ones. `from` and `to` are about when it was detected.',
        querystring: closed({
          ...WindowQuery,
          ...PageQuery,
          state: Type.Optional(FindingStateName),
          severity: Type.Optional(SeverityName),
          detector: Type.Optional(DetectorText),
          token: Type.Optional(Text),
          incident: Type.Optional(Text),
          zone: Type.Optional(Zone),
        }),
        response: { 200: pageOf(FindingSchema) },
      },
    },
    async (request) => {
      const { tenantNo } = principalOf(request)
      const { from, to, cursor, limit = LIMIT, state, severity, detector, token, incident, zone } = request.query
      const filter: FindingFilter = {
        tenantNo,
        ...(state === undefined ? {} : { state }),
        ...(severity === undefined ? {} : { severity }),
        ...(detector === undefined ? {} : { detector }),
        ...(incident === undefined ? {} : { incidentId: incident }),
        ...(token === undefined ? {} : { touches: await tokenSubject(records, tenantNo, token) }),
        ...timesOf({ from, to }),
      }
      const before = cursor === undefined ? {} : { before: placeOf(cursor) }
      const found = await records.read.findings(filter, { limit: limit + 1, ...before })
      const page = found.slice(0, limit)
      const shown = seesCanaries(access, request) ? page : page.filter(({ detector }) => detector !== 'canary')
      const items = (await desk.views(tenantNo, shown, zone)).map(findingResource)
      return { items, ...nextOf(found.length > limit ? page.at(-1) : undefined, ({ detectedAt }) => detectedAt) }
    },
  )
}

function figures(app: App, { records, desk, clock }: HttpParts): void {
  app.get(
    '/v1/findings/counts',
    {
      config: { permission: 'figures:read', reading: true },
      schema: {
        tags: ['findings'],
        summary: 'How many findings and notices there are',
        description: 'Without `from` and `to` the last 7 days.',
        querystring: closed(WindowQuery),
        response: { 200: Loose },
      },
    },
    async (request) => {
      const { tenantNo } = principalOf(request)
      const window = parseWindow(request.query, clock.now() + 1, WEEK_MS)
      const [counts, notices] = await Promise.all([
        records.read.findingCounts(tenantNo, window),
        records.read.noticeCounts(tenantNo, window),
      ])
      const bySeverity = sums(counts, ({ severity }) => severity)
      const open = sums(
        counts.filter(({ state }) => state === 'open' || state === 'acknowledged'),
        ({ severity }) => severity,
      )
      const heldBack = notices['held back']
      const statement = heldBack === 0 ? 'no notice was held back' : `${heldBack} held back by the budget`
      return { window, bySeverity, open, byState: sums(counts, ({ state }) => state), notices, heldBack, statement }
    },
  )

  app.get(
    '/v1/findings/precision',
    {
      config: { permission: 'figures:read', reading: true },
      schema: {
        tags: ['findings'],
        summary: 'How good each detector is, by the verdicts of people',
        description: 'Without `from` and `to` the last 30 days. Recall on real attacks cannot be known and is not claimed.',
        querystring: closed(WindowQuery),
        response: { 200: Loose },
      },
    },
    async (request) => ({
      ...(await desk.precision(principalOf(request).tenantNo, parseWindow(request.query, clock.now() + 1, MONTH_MS))),
    }),
  )

  app.get(
    '/v1/detectors',
    {
      config: { permission: 'figures:read', reading: true },
      schema: {
        tags: ['findings'],
        summary: 'Every detector: what it finds, how grave, and what to do',
        response: { 200: Type.Object({ items: Type.Array(Loose) }) },
      },
    },
    () => ({ items: catalogue().map((each) => ({ ...each })) }),
  )
}

function oneFinding(app: App, { records, desk, access }: HttpParts): void {
  app.get(
    '/v1/findings/:id',
    {
      config: { permission: 'findings:read', reading: true },
      schema: {
        tags: ['findings'],
        summary: "One finding, with its token's life and the marks around it",
        params: IdParams,
        querystring: closed({ zone: Type.Optional(Zone) }),
        response: { 200: FindingDetailSchema },
      },
    },
    async (request) => {
      const { tenantNo } = principalOf(request)
      const finding = await records.read.finding(tenantNo, request.params.id)
      if (!finding || (finding.detector === 'canary' && !seesCanaries(access, request))) throw noFinding()
      return findingDetailResource(await desk.detail(tenantNo, finding, request.query.zone))
    },
  )
}

function judging(app: App, { desk }: HttpParts): void {
  const resourceOf = async (tenantNo: number, finding: FindingRecord) => {
    const [view] = await desk.views(tenantNo, [finding])
    if (!view) throw noFinding()
    return findingResource(view)
  }

  app.post(
    '/v1/findings/:id/triage',
    {
      config: { permission: 'findings:write' },
      schema: {
        tags: ['findings'],
        summary: 'Say what a finding is',
        description: 'It closes with a verdict. New evidence opens it again.',
        params: IdParams,
        body: closed({
          state: Type.Optional(Type.Enum(['open', 'acknowledged', 'closed'])),
          verdict: Type.Optional(VerdictName),
          note: Type.Optional(Type.Union([Note, Type.Null()])),
          assignee: Type.Optional(Type.Union([Text, Type.Null()])),
        }),
        response: { 200: FindingSchema },
      },
    },
    async (request) => {
      const { tenantNo, actor } = principalOf(request)
      return resourceOf(tenantNo, await desk.triage(tenantNo, request.params.id, request.body, actor))
    },
  )

  app.post(
    '/v1/findings/:id/suppress',
    {
      config: { permission: 'findings:write' },
      schema: {
        tags: ['findings'],
        summary: 'Tell nobody of such findings for a time',
        description:
          'By detector and subject, and by the value of a fact where one is named; `anySubject` leaves the subject open. At most 90 days. For exact critical detectors a second person must approve.',
        params: IdParams,
        body: closed({
          reason: Type.String({ minLength: 1, maxLength: 500 }),
          until: Time,
          fact: Type.Optional(Text),
          anySubject: Type.Optional(Type.Boolean()),
        }),
        response: { 201: Type.Object({ finding: FindingSchema, suppression: SuppressionSchema }) },
      },
    },
    async (request, reply) => {
      const { tenantNo, actor } = principalOf(request)
      const wish = { ...request.body, until: parseTime(request.body.until, '/until') }
      const { finding, suppression } = await desk.suppress(tenantNo, request.params.id, wish, actor)
      return reply.code(201).send({ finding: await resourceOf(tenantNo, finding), suppression: suppressionResource(suppression) })
    },
  )
}

function incidents(app: App, { records, desk, access, clock }: HttpParts): void {
  app.get(
    '/v1/incidents',
    {
      config: { permission: 'findings:read', reading: true },
      schema: {
        tags: ['findings'],
        summary: 'Incidents: findings that belong together, newest first',
        description: '`heldBack` counts those of the last 7 days of which the budget let nobody be told.',
        querystring: closed({
          ...WindowQuery,
          ...PageQuery,
          state: Type.Optional(Type.Enum(['open', 'closed'])),
          severity: Type.Optional(SeverityName),
        }),
        response: { 200: Type.Intersect([pageOf(IncidentSchema), Type.Object({ heldBack: Type.Integer() })]) },
      },
    },
    async (request) => {
      const { tenantNo } = principalOf(request)
      const { from, to, cursor, limit = LIMIT, state, severity } = request.query
      const narrowed = { ...(state === undefined ? {} : { state }), ...(severity === undefined ? {} : { severity }) }
      const before = cursor === undefined ? {} : { before: placeOf(cursor) }
      const now = clock.now()
      const [found, notices] = await Promise.all([
        records.read.incidents({ tenantNo, ...narrowed, ...timesOf({ from, to }) }, { limit: limit + 1, ...before }),
        records.read.noticeCounts(tenantNo, { from: now - WEEK_MS, to: now + 1 }),
      ])
      const page = found.slice(0, limit)
      const shown = seesCanaries(access, request) ? page : page.filter(({ detectors }) => !('canary' in detectors))
      const items = shown.map(
        ({ tenantNo: _tenant, touches: _touches, version: _version, findings: findingsCount, ...incident }) =>
          incidentResource({ ...incident, findingsCount }),
      )
      return {
        items,
        heldBack: notices['held back'],
        ...nextOf(found.length > limit ? page.at(-1) : undefined, ({ lastAt }) => lastAt),
      }
    },
  )

  app.get(
    '/v1/incidents/:id',
    {
      config: { permission: 'findings:read', reading: true },
      schema: {
        tags: ['findings'],
        summary: 'One incident with its findings',
        params: IdParams,
        querystring: closed({ zone: Type.Optional(Zone) }),
        response: { 200: Type.Intersect([IncidentSchema, Type.Object({ findings: Type.Array(FindingSchema) })]) },
      },
    },
    async (request) => {
      const incident = await desk.incident(principalOf(request).tenantNo, request.params.id, request.query.zone)
      if ('canary' in incident.detectors && !seesCanaries(access, request))
        throw new TrailError('not_found', 'There is no incident of this id here.', { input: 'id' })
      return incidentDetailResource(incident)
    },
  )
}

function blastRadius(app: App, { desk, access }: HttpParts): void {
  app.get(
    '/v1/tokens/:id/blast-radius',
    {
      config: { permission: 'rows:read', reading: true },
      schema: {
        tags: ['findings', 'tokens'],
        summary: 'What would stop with this token',
        description:
          'Services, clients, networks and share of traffic of the last 7 and 28 days; last and next expected use. Times are milliseconds.',
        params: IdParams,
        response: { 200: Loose },
      },
    },
    async (request) => {
      const principal = principalOf(request)
      const radius = await desk.blastRadius(principal.tenantNo, request.params.id, { signal: request.signal })
      await access.budget.charge(principal, radius.cost.rowsRead)
      return { ...radius }
    },
  )
}

function noFinding(): TrailError {
  return new TrailError('not_found', 'There is no finding of this id here.', { input: 'id' })
}

async function tokenSubject({ read }: HttpParts['records'], tenantNo: number, id: string): Promise<Subject> {
  const token = await read.token(tenantNo, id)
  if (token) return { kind: 'token', key: String(token.no) }
  throw new TrailError('not_found', 'There is no token with this id. Give the public id of a token.', { input: 'token' })
}

function timesOf({ from, to }: { readonly from: string | undefined; readonly to: string | undefined }) {
  return {
    ...(from === undefined ? {} : { from: parseTime(from, 'from') }),
    ...(to === undefined ? {} : { to: parseTime(to, 'to') }),
  }
}

function sums<Row extends { readonly count: number }>(rows: readonly Row[], keyOf: (row: Row) => string): Record<string, number> {
  const all: Record<string, number> = {}
  for (const row of rows) all[keyOf(row)] = (all[keyOf(row)] ?? 0) + row.count
  return all
}

/** The cursor of a page that begins below a row. */
function nextOf<Row extends { readonly id: string }>(last: Row | undefined, timeOf: (row: Row) => number): { next?: string } {
  return last === undefined ? {} : { next: Buffer.from(`1.${timeOf(last)}.${last.id}`).toString('base64url') }
}

function placeOf(cursor: string): PlaceInTime {
  const match = /^1\.(\d{1,15})\.((?:fnd|inc)_[0-9a-f]{1,40})$/.exec(Buffer.from(cursor, 'base64url').toString('latin1'))
  if (match?.[1] && match[2]) return { at: Number(match[1]), id: match[2] }
  throw new TrailError('cursor_invalid', 'The cursor does not belong to this list. Begin without one.', { input: 'cursor' })
}
