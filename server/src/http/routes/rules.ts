import { Type } from 'typebox'
import type { Checked } from '../../detect/rules/lint.ts'
import { RULE_BYTES_MAX } from '../../detect/rules/yaml.ts'
import { createRuleDesk, type RuleView } from '../../detect/rules/rule-desk.ts'
import { RULE_STATES } from '../../records/rules.ts'
import { type App, principalOf } from '../app.ts'
import type { HttpParts } from '../parts.ts'
import { closed, Time } from '../schemas.ts'
import { parseWindow, timeText } from '../times.ts'

const DAY_MS = 86_400_000
const RuleId = Type.String({ minLength: 1, maxLength: 64, description: 'id of a rule' })
const RuleText = Type.String({ minLength: 1, maxLength: RULE_BYTES_MAX, description: 'Sigma rules in YAML, with their tests' })
const State = Type.Enum([...RULE_STATES])
const Instant = Type.Union([Type.String({ format: 'date-time' }), Type.Null()])

const RuleFields = {
  id: Type.String(),
  title: Type.String(),
  description: Type.String(),
  level: Type.String(),
  status: Type.String(),
  tags: Type.Array(Type.String()),
  falsepositives: Type.Array(Type.String()),
  kind: Type.Enum(['event', 'correlation']),
  shipped: Type.Boolean(),
  state: State,
  version: Type.Integer(),
  digest: Type.String(),
  changedAt: Instant,
}
const RuleSchema = Type.Object(RuleFields)
const RuleWithText = Type.Object({ ...RuleFields, text: Type.String() })

const ProblemOfRule = Type.Object({
  severity: Type.Enum(['error', 'warning']),
  line: Type.Integer(),
  column: Type.Integer(),
  construct: Type.String(),
  message: Type.String(),
})
const CheckSchema = Type.Object({
  loads: Type.Boolean(),
  rules: Type.Array(Type.String()),
  problems: Type.Array(ProblemOfRule),
  tests: Type.Array(
    Type.Object({
      rule: Type.String(),
      name: Type.String(),
      line: Type.Integer(),
      passed: Type.Boolean(),
      message: Type.String(),
    }),
  ),
})

const BacktestSchema = Type.Object({
  rule: Type.Object({ id: Type.String(), version: Type.Integer(), digest: Type.String() }),
  window: Type.Object({ from: Type.Integer(), to: Type.Integer() }),
  cost: Type.Object({ events: Type.Number(), rowsRead: Type.Number(), elapsedMs: Type.Number() }),
  matches: Type.Number(),
  findings: Type.Number(),
  findingsPerWeek: Type.Number(),
  weeks: Type.Array(Type.Object({ from: Type.Integer(), matches: Type.Number(), findings: Type.Number() })),
  tokens: Type.Number(),
  owners: Type.Number(),
  networks: Type.Number(),
  overlap: Type.Object({
    compared: Type.Number(),
    met: Type.Number({ description: 'findings that others made on the same subject and day' }),
    findings: Type.Number(),
    incidents: Type.Number(),
    verdicts: Type.Record(Type.String(), Type.Number()),
    complete: Type.Boolean(),
  }),
  samples: Type.Array(Type.String()),
  coveredTo: Type.Integer({ description: 'figures hold up to here' }),
  method: Type.String(),
})
const CostSchema = Type.Object({ events: Type.Number(), allowed: Type.Boolean(), eventsMax: Type.Number() })

const WINDOW = { from: Type.Optional(Time), to: Type.Optional(Time) }
const WINDOW_DAYS = 28

/** Detection rules: the list, saving, states, checks and back-tests. */
export function ruleRoutes(app: App, parts: HttpParts): void {
  const desk = createRuleDesk(parts)
  const windowOf = (given: { from?: string | number; to?: string | number }) =>
    parseWindow(textsOf(given), parts.clock.now(), WINDOW_DAYS * DAY_MS)

  app.get(
    '/v1/rules',
    {
      config: { permission: 'rules:read' },
      schema: {
        tags: ['rules'],
        summary: 'Every rule: the shipped ones and those of the tenant',
        response: { 200: Type.Object({ items: Type.Array(RuleSchema) }) },
      },
    },
    async (request) => ({ items: (await desk.list(principalOf(request).tenantNo)).map(viewOf) }),
  )

  app.get(
    '/v1/rules/:id',
    {
      config: { permission: 'rules:read' },
      schema: {
        tags: ['rules'],
        summary: 'A rule with its text',
        params: closed({ id: RuleId }),
        querystring: closed({ version: Type.Optional(Type.Integer({ minimum: 1, maximum: 1_000_000 })) }),
        response: { 200: RuleWithText },
      },
    },
    async (request) => {
      const { text, ...rule } = await desk.get(principalOf(request).tenantNo, request.params.id, request.query.version)
      return { ...viewOf(rule), text }
    },
  )

  app.post(
    '/v1/rules',
    {
      config: { permission: 'rules:write' },
      schema: {
        tags: ['rules'],
        summary: 'Save a rule',
        description: 'Another text makes a new version. A rule whose tests do not pass is refused.',
        body: closed({ text: RuleText, state: Type.Optional(State) }),
        response: { 200: RuleSchema },
      },
    },
    async (request) => {
      const { text, state = 'draft' } = request.body
      const { tenantNo, actor } = principalOf(request)
      return viewOf(await desk.save({ tenantNo, text, state, actor }))
    },
  )

  app.put(
    '/v1/rules/:id/state',
    {
      config: { permission: 'rules:write' },
      schema: {
        tags: ['rules'],
        summary: 'Make a rule a draft, silent, active or retired',
        params: closed({ id: RuleId }),
        body: closed({ state: State }),
        response: { 200: RuleSchema },
      },
    },
    async (request) => {
      const { tenantNo, actor } = principalOf(request)
      const { id } = request.params
      return viewOf(await desk.setState({ tenantNo, id, state: request.body.state, actor }))
    },
  )

  app.post(
    '/v1/rules/check',
    {
      config: { permission: 'rules:read' },
      schema: {
        tags: ['rules'],
        summary: 'Read a text of rules and run its tests',
        description: 'Nothing is kept.',
        body: closed({ text: RuleText }),
        response: { 200: CheckSchema },
      },
    },
    async (request) => checkView(desk.check(request.body.text)),
  )

  app.post(
    '/v1/rules/backtest/cost',
    {
      config: { permission: 'rules:read', reading: true },
      schema: {
        tags: ['rules'],
        summary: 'What a back-test would read',
        body: closed(WINDOW),
        response: { 200: CostSchema },
      },
    },
    async (request) => desk.backtestCost(principalOf(request).tenantNo, { ...windowOf(request.body), signal: request.signal }),
  )

  app.post(
    '/v1/rules/backtest',
    {
      config: { permission: 'rules:read', reading: true },
      schema: {
        tags: ['rules'],
        summary: "Try a rule on the tenant's own history",
        description: 'Without `from` and `to` the window is the last 28 days. Give the id of a rule, or a text that is not kept.',
        body: Type.Union([closed({ id: RuleId, ...WINDOW }), closed({ text: RuleText, ...WINDOW })]),
        response: { 200: BacktestSchema },
      },
    },
    async (request) => {
      const principal = principalOf(request)
      const { body } = request
      const which = 'id' in body ? { id: body.id } : { text: body.text }
      const result = await desk.backtest(principal.tenantNo, which, { ...windowOf(body), signal: request.signal })
      await parts.access.budget.charge(principal, result.cost.rowsRead)
      return { ...result, weeks: result.weeks.map((week) => ({ ...week })), samples: [...result.samples] }
    },
  )
}

function textsOf({ from, to }: { from?: string | number; to?: string | number }): { from?: string; to?: string } {
  return { ...(from === undefined ? {} : { from: String(from) }), ...(to === undefined ? {} : { to: String(to) }) }
}

function viewOf(rule: RuleView): Type.Static<typeof RuleSchema> {
  return { ...rule, tags: [...rule.tags], falsepositives: [...rule.falsepositives], changedAt: timeText(rule.changedAt) }
}

function checkView({ rules, problems, tests }: Checked): Type.Static<typeof CheckSchema> {
  return {
    loads: rules.length > 0 && !problems.some(({ severity }) => severity === 'error'),
    rules: rules.map(({ id }) => id),
    problems: problems.map(({ severity, line, column, construct, message }) => ({ severity, line, column, construct, message })),
    tests: tests.flatMap(({ rule, results }) => results.map((result) => ({ rule, ...result }))),
  }
}
