import { createHash } from 'node:crypto'
import { Readable } from 'node:stream'
import type { FastifyRequest } from 'fastify'
import { ACTORS, TYPES } from 'tokentrail'
import { Type } from 'typebox'
import { TrailError } from '../../errors.ts'
import { blankEvent } from '../../event/row.ts'
import { FORMAT_NAMES, FORMATS, type FormatName } from '../../report/everyday/formats.ts'
import { DAYS_MAX, REPORT_PARAMS } from '../../report/everyday/params.ts'
import type { Report } from '../../report/everyday/report.ts'
import { REPORT_NAMES, REPORTS, windowOf } from '../../report/everyday/reports.ts'
import { type Head, runReport } from '../../report/everyday/run.ts'
import { FORMS } from '../../report/everyday/cells.ts'
import { type App, principalOf } from '../app.ts'
import { seesOwners } from '../owner-veil.ts'
import type { HttpParts } from '../parts.ts'
import { closed, Time, TokenId } from '../schemas.ts'
import { reportDoor } from '../report-door.ts'
import { parseTime } from '../times.ts'

const SILENT_MS = 120_000
const Loose = Type.Object({}, { additionalProperties: true })
const Name = Type.Enum(REPORT_NAMES)

const Body = closed({
  format: Type.Optional(Type.Enum(FORMAT_NAMES, { description: 'json where nothing is said' })),
  from: Type.Optional(Time),
  to: Type.Optional(Time),
  token: Type.Optional(TokenId),
  incident: Type.Optional(Type.String({ pattern: '^inc_[0-9a-f]{1,40}$', description: REPORT_PARAMS.incident })),
  days: Type.Optional(Type.Integer({ minimum: 1, maximum: DAYS_MAX, description: REPORT_PARAMS.days })),
})

/** The everyday reports: which there are, and each of them on demand. */
export function reportRoutes(app: App, parts: HttpParts): void {
  app.get(
    '/v1/reports',
    {
      config: { permission: 'figures:read', reading: true },
      schema: {
        tags: ['reports'],
        summary: 'Every report: whom it is for, what it answers, and the columns of its tables',
        response: { 200: Type.Object({ items: Type.Array(Loose), formats: Type.Array(Loose) }) },
      },
    },
    () => ({
      items: REPORT_NAMES.map(described),
      formats: FORMAT_NAMES.map((name) => ({ name, type: FORMATS[name].type, what: FORMATS[name].what })),
    }),
  )

  app.post(
    '/v1/reports/:name',
    {
      config: { permission: 'figures:read', reading: true },
      schema: {
        tags: ['reports'],
        summary: 'Make a report',
        description:
          'Each of its sections asks routes of this API as the caller: what these withhold from the role is withheld in the report, and said there. Streamed; what it asks counts against the reading budget.',
        params: closed({ name: Name }),
        body: Body,
        produces: Object.values(FORMATS).map(({ type }) => type.split(';', 1)[0] ?? type),
        response: { 200: Type.Any() },
      },
    },
    async (request, reply) => {
      const { name } = request.params
      const { format = 'json', from, to, ...params } = request.body
      const window = windowOf(REPORTS[name], parts.clock.now(), {
        from: from === undefined ? undefined : parseTime(from, '/from'),
        to: to === undefined ? undefined : parseTime(to, '/to'),
      })
      if (window.from >= window.to)
        throw new TrailError('time_invalid', 'to must be later than from: a window holds from and ends before to.', {
          input: '/to',
        })
      const left = new AbortController()
      reply.raw.once('close', () => left.abort())
      // A report that waits for the budget is silent for as long as the budget takes.
      reply.raw.setTimeout(SILENT_MS, () => reply.raw.destroy())
      const { tenantNo } = principalOf(request)
      const tenant = (await parts.records.read.tenant(tenantNo))?.id ?? ''
      const wish = { name, tenant, window, params, redaction: redactionOf(parts, request) }
      const run = await runReport(wish, reportDoor(app, parts, request), left.signal)
      reply.type(FORMATS[format].type).header('content-disposition', `attachment; filename="${fileName(run.head, format)}"`)
      return reply.send(Readable.from(noted(parts, request, run.head, format, FORMATS[format].write(run))))
    },
  )
}

/** `integration-health_2026-11-18_2026-11-25.csv` */
function fileName({ report, window }: Head, format: FormatName): string {
  const day = (at: number): string => new Date(at).toISOString().slice(0, 10)
  return `${report}_${day(window.from)}_${day(window.to)}.${format}`
}

function described(name: (typeof REPORT_NAMES)[number]): object {
  const { reader, title, answers, days, params, needs = [], sections }: Report = REPORTS[name]
  return {
    name,
    reader,
    title,
    answers,
    days,
    params: [...Object.keys(params), ...needs].map((each) => ({
      name: each,
      what: REPORT_PARAMS[each as keyof typeof REPORT_PARAMS],
      needed: (needs as readonly string[]).includes(each),
      ...(each in params && { default: params[each as keyof typeof params] }),
    })),
    sections: sections.map((section) => ({
      name: section.name,
      title: section.title,
      says: section.says,
      asks: section.asks,
      columns: Object.fromEntries(
        Object.entries(section.columns).map(([key, { title: heading, form }]) => [key, { title: heading, unit: FORMS[form] }]),
      ),
    })),
  }
}

/** What the role leaves out of every report, said in it. */
function redactionOf({ access }: HttpParts, request: FastifyRequest): readonly string[] {
  const principal = principalOf(request)
  const { period } = access.decide(principal, 'figures:read')
  return [
    ...(seesOwners(access, principal) ? [] : ['Owners are numbers.']),
    ...(access.permits(principal, 'reasons:read') ? [] : ['Reasons are classes.']),
    ...(access.permits(principal, 'canaries:read') ? [] : ['Canaries are left out.']),
    ...(period === null ? [] : [`Only from ${iso(period.from)} to ${iso(period.to)}.`]),
  ]
}

function iso(at: number): string {
  return new Date(at).toISOString()
}

/** Who made which report, in which form, and the digest of what was handed out; also of one that did not come to its end. */
async function* noted(
  { journal, clock }: HttpParts,
  request: FastifyRequest,
  head: Head,
  format: FormatName,
  pieces: AsyncIterable<string | Uint8Array>,
): AsyncIterable<string | Uint8Array> {
  const hash = createHash('sha256')
  let [bytes, whole] = [0, false]
  try {
    for await (const piece of pieces) {
      hash.update(piece)
      bytes += Buffer.byteLength(piece)
      yield piece
    }
    whole = true
  } finally {
    const { tenantNo, actor, ownerNo } = principalOf(request)
    const { report, window } = head
    const detail = {
      report,
      format,
      from: window.from,
      to: window.to,
      bytes,
      ...(whole ? { digest: hash.digest('hex') } : { torn: true }),
    }
    const about = { tenant: tenantNo, occurredAt: clock.now(), actorNo: actor.no, actorKind: ACTORS[actor.kind], ownerNo }
    void journal.append({ ...blankEvent(), ...about, type: TYPES['report.generated'].id, detail: JSON.stringify(detail) })
  }
}
