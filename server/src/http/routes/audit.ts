import { OUTCOMES, ACTORS, TYPES } from 'tokentrail'
import { Type } from 'typebox'
import { anchoredOf } from '../../audit/anchors/anchors.ts'
import type { AnchorState } from '../../audit/anchors/anchors.ts'
import type { NightlyState } from '../../audit/nightly.ts'
import { LOG_TYPES, REGISTRY } from '../../audit/registry.ts'
import { TrailError } from '../../errors.ts'
import { blankEvent } from '../../event/row.ts'
import type { LogEntry, LogPlace, LogShard } from '../../records/audit.ts'
import { type App, principalOf } from '../app.ts'
import { refuseBeyondPeriod } from '../period.ts'
import { notPermitted, publishedBy } from './log-files.ts'
import type { HttpParts } from '../parts.ts'
import { closed, TimeText } from '../schemas.ts'
import { parseTime, timeText } from '../times.ts'

const LIMIT = 50
const LIMIT_MAX = 500

const EntrySchema = Type.Object({
  shard: Type.String(),
  index: Type.Integer({ description: 'place of the leaf' }),
  entry: Type.Object({}, { additionalProperties: true, description: 'as it was recorded; `raw` holds the exact bytes' }),
  raw: Type.String(),
})

/** The audit log: how it stands, and its entries. */
export function auditRoutes(app: App, parts: HttpParts): void {
  stateRoute(app, parts)
  entryRoutes(app, parts)
}

function stateRoute(app: App, { audit, records, access, reconciliation }: HttpParts): void {
  app.get(
    '/v1/audit',
    {
      config: { permission: 'log:read', reading: true },
      schema: {
        tags: ['audit'],
        summary: 'How the audit log stands',
        description:
          'Sizes and keys of all shards, and how far somebody outside vouches for the open one. What waits, why nothing may be appended, each witness and copy, and what the last nightly comparison found are for principals of the first tenant.',
        response: { 200: Type.Object({}, { additionalProperties: true }) },
      },
    },
    async (request) => {
      const state = await audit.state()
      const shards = (await records.read.logShards()).map(shardView)
      const { shard, origin, vkey, size, checkpoint, halted } = state
      const shown = {
        shard,
        origin,
        vkey,
        size,
        checkpoint: checkpoint && { ...checkpoint, at: timeText(checkpoint.at) },
        halted,
        ...anchoredView(audit.anchors(), shard, size),
      }
      const publish = await publishedBy(records)
      return access.permits(principalOf(request), 'install:read')
        ? {
            ...state,
            ...shown,
            shards,
            publish,
            anchors: audit.anchors().map(anchorView),
            nightly: nightlyView(reconciliation.last()),
          }
        : { ...shown, shards, publish }
    },
  )
}

/** "Anchored 40 s ago by 2 of 3; un-anchored leaves: 41". */
function anchoredView(anchors: readonly AnchorState[], shard: string, size: number): object {
  const anchored = anchoredOf(anchors, shard)
  return { anchored: anchored && { ...anchored, at: timeText(anchored.at) }, unanchored: size - (anchored?.size ?? 0) }
}

function anchorView({ held, fellBackAt, ...anchor }: AnchorState): object {
  const { shard = null, size = null, at = null } = held ?? {}
  return { ...anchor, shard, size, at: timeText(at), fellBackAt: timeText(fellBackAt) }
}

function nightlyView(last: NightlyState | null): object | null {
  return last && { ...last, at: timeText(last.at) }
}

function shardView({ name, origin, vkey, openedAt, closedAt, head }: LogShard): object {
  return { name, origin, vkey, openedAt: timeText(openedAt), closedAt: timeText(closedAt), size: head.size }
}

function entryRoutes(app: App, parts: HttpParts): void {
  const { audit, access } = parts
  app.get(
    '/v1/audit/entries',
    {
      config: { permission: 'log:read', reading: true },
      schema: {
        tags: ['audit'],
        summary: 'Entries of the log, newest first',
        description:
          "The tenant's own entries. `scope=install` gives everything, also the install's own entries, to principals of the first tenant who may read the whole log. Every read is itself an event (`audit.read`).",
        querystring: closed({
          type: Type.Optional(Type.Enum([...Object.keys(REGISTRY), ...LOG_TYPES])),
          only: Type.Optional(Type.Literal('deeds', { description: 'without what the log says of itself (`log.…`)' })),
          from: Type.Optional(TimeText),
          to: Type.Optional(TimeText),
          scope: Type.Optional(Type.Enum(['tenant', 'install'])),
          cursor: Type.Optional(Type.String({ maxLength: 100 })),
          limit: Type.Optional(Type.Integer({ minimum: 1, maximum: LIMIT_MAX })),
        }),
        response: { 200: Type.Object({ items: Type.Array(EntrySchema), next: Type.Optional(Type.String()) }) },
      },
    },
    async (request) => {
      const principal = principalOf(request)
      const { type, only, from, to, scope = 'tenant', cursor, limit = LIMIT } = request.query
      if (scope === 'install' && !access.permits(principal, 'log:install')) throw notPermitted()
      if (scope === 'install') refuseBeyondPeriod(access, request, 'log:install')
      const filter = {
        ...(scope === 'tenant' && { tenantNo: principal.tenantNo }),
        ...(type !== undefined && { type }),
        ...(only !== undefined && { isDeed: true }),
        ...(from !== undefined && { from: parseTime(from, 'from') }),
        ...(to !== undefined && { to: parseTime(to, 'to') }),
      }
      const before = cursor === undefined ? {} : { before: placeOf(cursor) }
      const found = await audit.entries(filter, { limit: limit + 1, ...before })
      const page = found.slice(0, limit)
      noteRead(parts, principal, { what: 'entries', scope, type: type ?? null, from, to, rows: page.length })
      const last = found.length > limit ? page.at(-1) : undefined
      return { items: page.map(entryView), ...(last && { next: await cursorOf(parts, last) }) }
    },
  )
}

/** An entry for people, and the exact bytes for those who hash them. */
export function entryView({ shard, index, bytes }: LogEntry): {
  shard: string
  index: number
  entry: Record<string, unknown>
  raw: string
} {
  const raw = Buffer.from(bytes).toString('utf8')
  return { shard, index, entry: JSON.parse(raw) as Record<string, unknown>, raw }
}

/** Reading the log is itself an event: 704. */
export function noteRead(
  { journal, clock }: Pick<HttpParts, 'journal' | 'clock'>,
  principal: ReturnType<typeof principalOf>,
  detail: Readonly<Record<string, unknown>>,
): void {
  const { tenantNo: tenant, actor, ownerNo } = principal
  const who = { actorNo: actor.no, actorKind: ACTORS[actor.kind], ownerNo }
  const about = { tenant, type: TYPES['audit.read'].id, outcome: OUTCOMES.none, occurredAt: clock.now(), ...who }
  void journal.append({ ...blankEvent(), ...about, detail: JSON.stringify(detail) })
}

async function cursorOf({ records }: HttpParts, { shard, index }: LogEntry): Promise<string> {
  const epoch = (await records.read.logShards()).find(({ name }) => name === shard)?.epoch ?? 0
  return Buffer.from(`1.${epoch}.${index}`).toString('base64url')
}

function placeOf(cursor: string): LogPlace {
  const match = /^1\.(\d{1,9})\.(\d{1,15})$/.exec(Buffer.from(cursor, 'base64url').toString('latin1'))
  if (match) return { epoch: Number(match[1]), index: Number(match[2]) }
  throw new TrailError('cursor_invalid', 'The cursor does not belong to this list. Begin without one.', { input: 'cursor' })
}
