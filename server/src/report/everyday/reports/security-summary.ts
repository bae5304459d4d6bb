import type { Answer } from '../../../query/answer.ts'
import type { TopNetworkRow } from '../../../query/rows.ts'
import { BY_REASON, TOTALS } from '../common.ts'
import { FINDING_COUNTS, FINDINGS, SUSPICIOUS } from '../found.ts'
import { itemsOf } from '../lists.ts'
import { type Report, type Section, timeOf } from '../report.ts'

const TOP = 20

const INCIDENTS = {
  name: 'incidents',
  title: 'Incidents',
  says: 'Findings that belong together, by when they were last seen. Each can be reported by itself: the report incident.',
  asks: ['/v1/incidents'],
  columns: {
    incident: { title: 'Incident', form: 'text' },
    severity: { title: 'Severity', form: 'text' },
    title: { title: 'What', form: 'text' },
    state: { title: 'State', form: 'text' },
    findings: { title: 'Findings', form: 'count' },
    firstAt: { title: 'First', form: 'time' },
    lastAt: { title: 'Last', form: 'time' },
  },
  async *rows(asked) {
    for await (const { id, severity, title, state, findingsCount, firstAt, lastAt } of itemsOf<Incident>(asked, '/v1/incidents', {
      ...asked.window,
    }))
      yield { incident: id, severity, title, state, findings: findingsCount, firstAt: timeOf(firstAt), lastAt: timeOf(lastAt) }
  },
} as const satisfies Section

interface Incident {
  readonly id: string
  readonly severity: string
  readonly title: string
  readonly state: string
  readonly findingsCount: number
  readonly firstAt: string
  readonly lastAt: string
}

const PRESSURE = {
  name: 'pressure',
  title: 'Pressure at the door',
  says: `The ${TOP} networks with most failures. A network is the keyed number of a /24 or /48, never an address.`,
  asks: ['/v1/questions/top-networks'],
  columns: {
    network: { title: 'Network', form: 'text' },
    country: { title: 'Country', form: 'text' },
    asn: { title: 'ASN', form: 'text' },
    failed: { title: 'Failed', form: 'count' },
    throttled: { title: 'Throttled', form: 'count' },
    accepted: { title: 'Accepted', form: 'count' },
    tokens: { title: 'Tokens', form: 'count' },
    credentials: { title: 'Unknown credentials', form: 'count' },
  },
  async *rows({ get, window }) {
    const { rows } = await get<Answer<TopNetworkRow>>('/v1/questions/top-networks', { ...window, measure: 'failed', limit: TOP })
    for (const { network, country, asn, failed, throttled, accepted, tokens, credentials } of rows)
      yield { network, country, asn: asn === 0 ? null : String(asn), failed, throttled, accepted, tokens, credentials }
  },
} as const satisfies Section

const RESPONSES = {
  name: 'responses',
  title: 'What was done',
  says: 'Responses that were proposed in the window, newest first.',
  asks: ['/v1/responses'],
  columns: {
    createdAt: { title: 'Proposed', form: 'time' },
    step: { title: 'Step', form: 'text' },
    state: { title: 'State', form: 'text' },
    dryRun: { title: 'Dry run', form: 'flag' },
    automatic: { title: 'By itself', form: 'flag' },
    tokens: { title: 'Tokens', form: 'count' },
    detector: { title: 'Detector', form: 'text' },
    finding: { title: 'Finding', form: 'text' },
  },
  async *rows(asked) {
    for await (const { createdAt, step, state, dryRun, automatic, tokens, detector, finding } of itemsOf<Response>(
      asked,
      '/v1/responses',
    )) {
      const at = timeOf(createdAt) ?? 0
      if (at < asked.window.from) return
      if (at < asked.window.to) yield { createdAt: at, step, state, dryRun, automatic, tokens: tokens.length, detector, finding }
    }
  },
} as const satisfies Section

interface Response {
  readonly createdAt: string
  readonly step: string
  readonly state: string
  readonly dryRun: boolean
  readonly automatic: boolean
  readonly tokens: readonly string[]
  readonly detector: string
  readonly finding: string
}

const LEAKS = {
  name: 'leaks',
  title: 'Leaks',
  says: 'Leaks that were reported in the window, newest first.',
  asks: ['/v1/leaks'],
  columns: {
    reportedAt: { title: 'Reported', form: 'time' },
    exposedAt: { title: 'Public since', form: 'time' },
    state: { title: 'State', form: 'text' },
    token: { title: 'Token', form: 'text' },
    reporter: { title: 'By', form: 'text' },
    proven: { title: 'Text was shown', form: 'flag' },
    reports: { title: 'Reports', form: 'count' },
    leak: { title: 'Leak', form: 'text' },
  },
  async *rows(asked) {
    for await (const { id, reportedAt, exposedAt, state, token, reporter, proven, reports } of itemsOf<Leak>(
      asked,
      '/v1/leaks',
    )) {
      const at = timeOf(reportedAt) ?? 0
      if (at < asked.window.from) return
      if (at < asked.window.to)
        yield { reportedAt: at, exposedAt: timeOf(exposedAt), state, token, reporter, proven, reports, leak: id }
    }
  },
} as const satisfies Section

interface Leak {
  readonly id: string
  readonly reportedAt: string
  readonly exposedAt: string
  readonly state: string
  readonly token: string | null
  readonly reporter: string
  readonly proven: boolean
  readonly reports: number
}

/** What happened to security this week? */
export const securitySummary = {
  reader: 'security',
  title: 'Security summary',
  answers: 'What happened, what was done about it, and what is still open?',
  days: 7,
  params: {},
  sections: [FINDING_COUNTS, INCIDENTS, FINDINGS, SUSPICIOUS, PRESSURE, BY_REASON, RESPONSES, LEAKS, TOTALS],
} as const satisfies Report
