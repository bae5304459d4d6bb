import { FIGURE_COLUMNS, figure } from '../figures.ts'
import { FINDING_COLUMNS, findingCells, type ListedFinding } from '../found.ts'
import { type Asked, type Report, type Section, timeOf } from '../report.ts'

/** Findings whose responses are asked for: each is a question. */
const ANSWERED_MAX = 50

interface Incident {
  readonly id: string
  readonly severity: string
  readonly state: string
  readonly title: string
  readonly findingsCount: number
  readonly notice: string
  readonly firstAt: string
  readonly lastAt: string
  readonly openedAt: string
  readonly changedAt: string
  readonly findings: readonly ListedFinding[]
}

const incidentOf = ({ get, params }: Asked): Promise<Incident> => get('/v1/incidents/:id', { id: params.incident })

const FACTS = {
  name: 'incident',
  title: 'What happened',
  says: 'As known now; the window has no say in it.',
  asks: ['/v1/incidents/:id'],
  as: 'figures',
  columns: FIGURE_COLUMNS,
  async *rows(asked) {
    const incident = await incidentOf(asked)
    yield figure('Incident', incident.id, 'text')
    yield figure('What', incident.title, 'text')
    yield figure('Severity', incident.severity, 'text')
    yield figure('State', incident.state, 'text')
    yield figure('Findings', incident.findingsCount)
    yield figure('First sign', timeOf(incident.firstAt), 'time')
    yield figure('Last sign', timeOf(incident.lastAt), 'time')
    yield figure('Opened', timeOf(incident.openedAt), 'time')
    yield figure('Changed', timeOf(incident.changedAt), 'time')
    yield figure('From the first sign to opening', between(incident.firstAt, incident.openedAt), 'duration')
    yield figure('People were told', incident.notice, 'text')
  },
} as const satisfies Section

function between(from: string, to: string): number | null {
  const [start, end] = [timeOf(from), timeOf(to)]
  return start === null || end === null ? null : end - start
}

const FINDINGS = {
  name: 'findings',
  title: 'Findings',
  says: 'What belongs to the incident, with what people said of it. At most 200 are listed with an incident.',
  asks: ['/v1/incidents/:id'],
  columns: FINDING_COLUMNS,
  async *rows(asked) {
    for (const finding of (await incidentOf(asked)).findings) yield findingCells(finding)
  },
} as const satisfies Section

const RESPONSES = {
  name: 'responses',
  title: 'What was done',
  says: `Responses to the first ${ANSWERED_MAX} findings, and how long after the detection they were applied.`,
  asks: ['/v1/incidents/:id', '/v1/responses'],
  columns: {
    createdAt: { title: 'Proposed', form: 'time' },
    appliedAt: { title: 'Applied', form: 'time' },
    after: { title: 'After detection', form: 'duration' },
    step: { title: 'Step', form: 'text' },
    state: { title: 'State', form: 'text' },
    dryRun: { title: 'Dry run', form: 'flag' },
    tokens: { title: 'Tokens', form: 'count' },
    reason: { title: 'Reason', form: 'text' },
    finding: { title: 'Finding', form: 'text' },
  },
  async *rows(asked) {
    for (const finding of (await incidentOf(asked)).findings.slice(0, ANSWERED_MAX)) {
      const { items } = await asked.get<{ readonly items: readonly Response[] }>('/v1/responses', {
        finding: finding.id,
        limit: 100,
      })
      for (const { createdAt, appliedAt, step, state, dryRun, tokens, reason } of items) {
        const [applied, detected] = [timeOf(appliedAt), timeOf(finding.detectedAt)]
        const after = applied === null || detected === null ? null : applied - detected
        yield {
          createdAt: timeOf(createdAt),
          appliedAt: applied,
          after,
          step,
          state,
          dryRun,
          tokens: tokens.length,
          reason,
          finding: finding.id,
        }
      }
    }
  },
} as const satisfies Section

interface Response {
  readonly createdAt: string
  readonly appliedAt: string | null
  readonly step: string
  readonly state: string
  readonly dryRun: boolean
  readonly tokens: readonly string[]
  readonly reason: string | null
}

/** One incident, to hand on. */
export const incident = {
  reader: 'security',
  title: 'Incident',
  answers: 'What happened in this incident, and what was done about it?',
  days: 30,
  params: {},
  needs: ['incident'],
  sections: [FACTS, FINDINGS, RESPONSES],
} as const satisfies Report
