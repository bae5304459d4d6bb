import { Type } from 'typebox'
import type { RetentionRun } from '../../records/holds.ts'
import type { Due } from '../../retention/steps.ts'
import { certify, classOf, EVENT_DAYS, RULE_BOUNDS, rulesOf } from '../../retention/rules.ts'
import { GROUP_MIN, MEMBERS_MAX } from '../../query/viewer/suppress.ts'
import { type App, principalOf } from '../app.ts'
import type { HttpParts } from '../parts.ts'
import { WindowQuery } from '../questions.ts'
import { closed } from '../schemas.ts'
import { ApprovalAnswer, SecondPersonFields, withSecondPerson } from '../second-person.ts'
import { parseWindow, timeText } from '../times.ts'
import { groupMinOf, VIEWER_GROUP_MIN } from '../viewers.ts'
import { holdResources, HoldSchema } from './holds.ts'

const YEAR_MS = 365 * 86_400_000
const RUNS_MAX = 500

const days = (of: keyof typeof RULE_BOUNDS) => Type.Integer({ minimum: RULE_BOUNDS[of][0], maximum: RULE_BOUNDS[of][1] })
const Rules = {
  events: Type.Integer({ minimum: 1, maximum: 2_200, description: `days for which events stay: ${EVENT_DAYS.join(', ')}` }),
  sealedValues: days('sealedValues'),
  tombstones: days('tombstones'),
}
const RulesSchema = Type.Object(Rules)
const Instant = Type.String({ format: 'date-time' })
const Went = {
  class: Type.String({ description: 'what went: events, a roll-up, sealed values, …' }),
  days: Type.Union([Type.Integer(), Type.Null()]),
  cut: Type.String({ format: 'date-time', description: 'what is older went' }),
  rows: Type.Integer(),
  bytes: Type.Integer(),
  keys: Type.Integer(),
  held: Type.Integer({ description: 'rows that a hold keeps' }),
  shared: Type.Boolean({ description: 'of all tenants together' }),
}
const RunSchema = Type.Object({
  ...Went,
  event: Type.String({ description: 'id of its `retention.applied` in the audit log' }),
  at: Instant,
  leaves: Type.Union([Type.Object({ shard: Type.String(), first: Type.Integer(), last: Type.Integer() }), Type.Null()]),
})

/** How long what is kept, what goes next, and what went. */
export function retentionRoutes(app: App, parts: HttpParts): void {
  ruling(app, parts)
  running(app, parts)
  certifying(app, parts)
  groups(app, parts)
}

/** How large groups are that viewers see. */
function groups(app: App, { records, clock }: HttpParts): void {
  const body = closed({ groupMin: Type.Integer({ minimum: GROUP_MIN, maximum: MEMBERS_MAX }) })
  const summary = 'How many owners stand behind every figure of a viewer'
  app.get(
    '/v1/privacy/viewers',
    { config: { permission: 'retention:read', reading: true }, schema: { tags: ['privacy'], summary, response: { 200: body } } },
    async (request) => ({ groupMin: groupMinOf(await records.read.setting(principalOf(request).tenantNo, VIEWER_GROUP_MIN)) }),
  )
  app.put(
    '/v1/privacy/viewers',
    {
      config: { permission: 'retention:write' },
      schema: { tags: ['privacy'], summary: 'Ask for larger groups; ten owners are the least', body, response: { 200: body } },
    },
    async (request) => {
      const { tenantNo, actor } = principalOf(request)
      const { groupMin } = request.body
      const value = String(groupMin)
      await records.act('putSetting', { tenantNo, name: VIEWER_GROUP_MIN, value, at: clock.now(), actor })
      return { groupMin }
    },
  )
}

function ruling(app: App, parts: HttpParts): void {
  const { records, clock } = parts
  app.get(
    '/v1/retention',
    {
      config: { permission: 'retention:read', reading: true },
      schema: { tags: ['privacy'], summary: 'How long what is kept', response: { 200: RulesSchema } },
    },
    async (request) => ({ ...(await rulesOf(records.read, principalOf(request).tenantNo)) }),
  )

  app.put(
    '/v1/retention',
    {
      config: { permission: 'retention:write' },
      schema: {
        tags: ['privacy'],
        summary: 'Keep longer, or shorter with a second person',
        description:
          'What is not named stays as it is. A longer rule brings back nothing, and counts for what is recorded from now on.',
        body: closed({
          events: Type.Optional(Rules.events),
          sealedValues: Type.Optional(Rules.sealedValues),
          tombstones: Type.Optional(Rules.tombstones),
          ...SecondPersonFields,
        }),
        response: { 200: RulesSchema, 202: ApprovalAnswer },
      },
    },
    async (request, reply) => {
      const principal = principalOf(request)
      const { tenantNo, actor } = principal
      const { approval: _, ground = '', ...change } = request.body
      const before = await rulesOf(records.read, tenantNo)
      const after = { ...before, ...change }
      const run = async (approval: string | null, params: string) => {
        const { events, ...rest } = after
        const what = { tenantNo, class: classOf(events), days: rest, approval, params, ground, at: clock.now(), actor }
        await records.act('changeRetention', what)
        return { ...(await rulesOf(records.read, tenantNo)) }
      }
      const isShorter = (['events', 'sealedValues', 'tombstones'] as const).some((name) => after[name] < before[name])
      if (!isShorter) return run(null, '{}')
      const needs = { principal, action: 'retention.change', params: after, body: request.body, run } as const
      const answer = await withSecondPerson(parts, reply, needs)
      return 'asked' in answer ? answer.asked : answer.done
    },
  )
}

function running(app: App, { records, retention }: HttpParts): void {
  app.get(
    '/v1/retention/due',
    {
      config: { permission: 'retention:read', reading: true },
      schema: {
        tags: ['privacy'],
        summary: 'What the next run would take; nothing is changed',
        response: { 200: Type.Object({ items: Type.Array(Type.Object(Went)) }) },
      },
    },
    async (request) => {
      const { tenantNo } = principalOf(request)
      const due = await retention.due()
      return { items: due.filter((each) => each.tenantNo === tenantNo || each.tenantNo === 0).map(wentOf) }
    },
  )

  app.post(
    '/v1/retention/run',
    {
      config: { permission: 'retention:run' },
      schema: {
        tags: ['privacy'],
        summary: 'Take what is over its time now',
        description:
          'It also happens by itself, once an hour. What is recorded first goes; nothing goes while the audit log is halted.',
        response: { 200: Type.Object({ items: Type.Array(RunSchema) }) },
      },
    },
    async (request) => {
      const { tenantNo } = principalOf(request)
      const runs = await retention.run()
      return { items: runs.filter((run) => run.tenantNo === tenantNo || run.tenantNo === 0).map(runOf) }
    },
  )

  app.get(
    '/v1/retention/runs',
    {
      config: { permission: 'retention:read', reading: true },
      schema: {
        tags: ['privacy'],
        summary: 'What went, newest first',
        response: { 200: Type.Object({ items: Type.Array(RunSchema) }) },
      },
    },
    async (request) => {
      const { tenantNo } = principalOf(request)
      const found = await Promise.all(
        [tenantNo, 0].map((no) => records.read.retentionRuns({ tenantNo: no }, { limit: RUNS_MAX })),
      )
      return {
        items: found
          .flat()
          .toSorted((a, b) => b.at - a.at)
          .slice(0, RUNS_MAX)
          .map(runOf),
      }
    },
  )
}

function certifying(app: App, { records, clock }: HttpParts): void {
  app.get(
    '/v1/retention/certificate',
    {
      config: { permission: 'retention:read', reading: true },
      schema: {
        tags: ['privacy'],
        summary: 'Rules, runs and holds of a window, for who has to show them',
        description: 'Without `from` and `to` the last year.',
        querystring: closed(WindowQuery),
        response: {
          200: Type.Object({
            tenant: Type.String(),
            from: Instant,
            to: Instant,
            madeAt: Instant,
            rules: RulesSchema,
            runs: Type.Array(RunSchema),
            holds: Type.Array(HoldSchema),
            cutOff: Type.Boolean({ description: 'more went than is named here: take a shorter window' }),
            says: Type.String(),
          }),
        },
      },
    },
    async (request) => {
      const { tenantNo } = principalOf(request)
      const window = parseWindow(request.query, clock.now(), YEAR_MS)
      const { from, to, madeAt, runs, shared, holds, ...rest } = await certify(records.read, tenantNo, {
        ...window,
        at: clock.now(),
      })
      const times = { from: timeText(from), to: timeText(to), madeAt: timeText(madeAt) }
      return { ...rest, ...times, runs: [...runs, ...shared].map(runOf), holds: await holdResources(records, holds) }
    },
  )
}

function wentOf({ tenantNo, class: of, days: kept, cut, rows, bytes, keys, held }: Omit<Due, 'from'>) {
  return { class: of, days: kept, cut: timeText(cut), rows, bytes, keys, held, shared: tenantNo === 0 }
}

function runOf(run: RetentionRun) {
  return { ...wentOf(run), event: run.id, at: timeText(run.at), leaves: run.leaves === null ? null : { ...run.leaves } }
}
