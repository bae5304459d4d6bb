import { Type } from 'typebox'
import { type App, principalOf } from '../app.ts'
import type { HttpParts } from '../parts.ts'
import { writeExposition } from '../prometheus.ts'

const Ready = Type.Object({
  status: Type.Enum(['ready', 'degraded', 'not ready']),
  records: Type.Boolean(),
  journal: Type.Boolean(),
  store: Type.Boolean({ description: 'without it validation goes on and reports wait' }),
  audit: Type.Boolean({
    description: 'false: for over a minute there was no new checkpoint, or a witness took none; actions go on',
  }),
})

/** For operators: is it alive, is it ready, how is it. */
export function operationRoutes(app: App, parts: HttpParts): void {
  const { access, auditWatch, journal, store, clock, version } = parts

  app.get(
    '/healthz',
    {
      config: { permission: 'public' },
      schema: { tags: ['operations'], summary: 'The process answers', response: { 200: Type.Object({ status: Type.String() }) } },
    },
    async () => ({ status: 'alive' }),
  )

  app.get(
    '/readyz',
    {
      config: { permission: 'public' },
      schema: {
        tags: ['operations'],
        summary: 'Requests can be served',
        description: 'Without store or checkpoints it is degraded, not unready: validation and actions go on.',
        response: { 200: Ready, 503: Ready },
      },
    },
    async (_request, reply) => {
      const { bytes, bytesMax, lastFailure } = journal.state()
      const ready = {
        records: await readsRecords(parts),
        journal: bytes < bytesMax && lastFailure === null,
        store: store.health().state === 'ready',
        audit: auditWatch.health().troubles.length === 0,
      }
      const serves = ready.records && ready.journal
      return reply
        .code(serves ? 200 : 503)
        .send({ status: serves ? (ready.store && ready.audit ? 'ready' : 'degraded') : 'not ready', ...ready })
    },
  )

  app.get(
    '/metrics',
    {
      config: { permission: 'install:read', reading: true },
      schema: {
        tags: ['operations'],
        summary: 'Figures of the installation for Prometheus',
        description: 'Labels are bounded: no tenant, token or address. Only for principals of the first tenant.',
        produces: ['text/plain'],
        response: { 200: Type.String() },
      },
    },
    async (_request, reply) => reply.type('text/plain; version=0.0.4; charset=utf-8').send(writeExposition(parts)),
  )

  app.get(
    '/v1/status',
    {
      config: { permission: 'status:read', reading: true },
      schema: {
        tags: ['operations'],
        summary: 'Versions, completeness and health',
        description:
          "Conservation is the caller's tenant's: received = stored + journalled + inFlight + coalesced + dropped. How journal, store and records are is for principals of the first tenant.",
        response: { 200: Type.Object({}, { additionalProperties: true }) },
      },
    },
    async (request) => {
      const principal = principalOf(request)
      const installation = access.permits(principal, 'install:read')
        ? { ...installationOf(parts), separation: await access.separation() }
        : {}
      // Exact counts, asked for every second, would tell what few owners do.
      const mayCount = access.decide(principal, 'status:read').reach === 'yes'
      const conservation = mayCount ? { conservation: journal.conservation(undefined, principal.tenantNo) } : {}
      return { version, now: clock.now(), watermark: journal.watermark(), ...conservation, ...installation }
    },
  )
}

function installationOf({ journal, store, records, door, live, auditWatch, detecting }: HttpParts): object {
  return {
    node: process.versions.node,
    journal: journal.state(),
    store: { ...store.health(), pid: undefined },
    records: { form: records.form, feedIsFresh: records.feedIsFresh() },
    door: { cachedTokens: door.cacheSize() },
    live: { readers: live.subscribers() },
    audit: auditWatch.health(),
    detection: detecting?.() ?? null,
  }
}

async function readsRecords({ records }: HttpParts): Promise<boolean> {
  try {
    await records.read.tenant(1)
    return true
  } catch {
    return false
  }
}
