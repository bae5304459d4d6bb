import type { FastifyRequest } from 'fastify'
import type { Access } from '../access/access.ts'
import { TABLE } from '../access/table.ts'
import { type App, callerOf } from './app.ts'

/** Classes of data whose reading is written down. */
const NOTED: ReadonlySet<string> = new Set(['aggregate', 'pseudonymous', 'identified'])
/** What the audit log's own routes note themselves (704), and the zip of a pack, with its digest. */
const BY_THEMSELVES = /^\/v1\/(?:audit|log|evidence\/packs\/:id$)/
/** Which of a request's parameters are kept: those that name a thing or bound a time, never a text that somebody searched for. */
const KEPT = ['from', 'to', 'step', 'by', 'kind', 'metric', 'state', 'type', 'severity', 'detector', 'token', 'of'] as const

/** Every answered reading of figures or rows is an event: 404, with whose token it was about where it names one. */
export function noteViews(app: App, access: Access): void {
  app.addHook('onResponse', async (request, reply) => {
    const { permission, reading } = request.routeOptions.config
    if (!reading || !request.identity || permission === undefined || permission === 'public' || reply.statusCode >= 300) return
    const url = request.routeOptions.url ?? ''
    if (!NOTED.has(TABLE[permission].class) || BY_THEMSELVES.test(url)) return
    access.noteView(request.identity.principal, 'report.viewed', viewOf(request), callerOf(request))
  })
}

function viewOf({ query, params }: FastifyRequest): Readonly<Record<string, unknown>> {
  const given = (query ?? {}) as Readonly<Record<string, unknown>>
  const { id } = (params ?? {}) as { readonly id?: string }
  const kept = KEPT.flatMap((name) => (given[name] === undefined ? [] : [[name, given[name]] as const]))
  return { ...(id === undefined ? {} : { id }), ...Object.fromEntries(kept) }
}
