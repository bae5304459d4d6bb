import { Type } from 'typebox'
import { CATALOGUE } from '../detect/catalogue.ts'
import type { FindingDetail, FindingView, IncidentView } from '../detect/desk/view.ts'
import { FINDING_STATES, SEVERITIES, VERDICTS, type Verdict } from '../detect/finding.ts'
import { MARK_KINDS, SUBJECT_KINDS, type IncidentRecord, type Mark, type Suppression } from '../records/findings.ts'
import { Text, TimeText } from './schemas.ts'
import { timeText } from './times.ts'

/** Shapes of findings and what belongs to them. Times are RFC 3339. */

const Instant = Type.String({ format: 'date-time' })
const MaybeInstant = Type.Union([Instant, Type.Null()])
const Loose = Type.Object({}, { additionalProperties: true })

export const SeverityName = Type.Enum([...SEVERITIES])
export const FindingStateName = Type.Enum([...FINDING_STATES])
export const VerdictName = Type.Enum(Object.keys(VERDICTS) as Verdict[])
export const MarkKindName = Type.Enum([...MARK_KINDS])
export const SubjectKindName = Type.Enum([...SUBJECT_KINDS])
/** A detector of the catalogue, or `rule:` and the id of a rule. */
export const DetectorText = Type.String({
  pattern: `^(?:${Object.keys(CATALOGUE).join('|')}|rule:.{1,180})$`,
  maxLength: 200,
  description: 'name of a detector; rules begin with rule:',
})
export const Zone = Type.String({
  minLength: 1,
  maxLength: 64,
  description: "the reader's time zone, such as Europe/Berlin; default UTC",
})
export const WindowQuery = { from: Type.Optional(TimeText), to: Type.Optional(TimeText) }
export const PageQuery = { cursor: Type.Optional(Text), limit: Type.Optional(Type.Integer({ minimum: 1, maximum: 500 })) }

export const FindingSchema = Type.Object(
  {
    id: Type.String(),
    detector: Type.String(),
    version: Type.Integer({ description: 'of the detector' }),
    finds: Type.String(),
    exact: Type.Boolean({ description: 'no statistic is involved' }),
    severity: SeverityName,
    confidence: Type.Enum(['low', 'medium', 'high', 'certain']),
    state: FindingStateName,
    verdict: Type.Union([VerdictName, Type.Null()]),
    sentence: Type.String({ description: 'what happened; plain text, not markup' }),
    incidentId: Type.Union([Type.String(), Type.Null()]),
    evidence: Type.Array(Type.String(), { description: 'ids of events, at most 100' }),
    evidenceCount: Type.Integer(),
    repeats: Type.Integer({ description: 'how often it was found again in its quiet time' }),
    notice: Type.Enum(['sent', 'held back', 'none']),
    from: Instant,
    to: Instant,
    detectedAt: Instant,
    seenAt: Instant,
    openedAt: Instant,
    changedAt: Instant,
  },
  { additionalProperties: true },
)

export const IncidentSchema = Type.Object(
  {
    id: Type.String(),
    severity: SeverityName,
    state: Type.Enum(['open', 'closed']),
    title: Type.String(),
    findingsCount: Type.Integer(),
    notice: Type.Enum(['sent', 'held back', 'none']),
    mergedInto: Type.Union([Type.String(), Type.Null()], { description: 'the incident that took this one in' }),
    firstAt: Instant,
    lastAt: Instant,
    openedAt: Instant,
    changedAt: Instant,
  },
  { additionalProperties: true },
)

export const SuppressionSchema = Type.Object({
  id: Type.String(),
  finding: Type.String(),
  detector: Type.String(),
  subject: Type.Union([Type.Object({ kind: SubjectKindName, key: Type.String() }), Type.Null()]),
  value: Type.Union([Type.String(), Type.Null()]),
  reason: Type.String(),
  state: Type.Enum(['active', 'waits for approval']),
  createdAt: Instant,
  endsAt: Instant,
  hits: Type.Integer(),
  lastHitAt: MaybeInstant,
})

export const MarkSchema = Type.Object({
  id: Type.String(),
  kind: MarkKindName,
  name: Type.String(),
  service: Type.Union([Type.String(), Type.Null()]),
  from: Instant,
  to: Instant,
  createdAt: Instant,
})

/** A list with the cursor of its next page. */
export function pageOf<Item extends Type.TSchema>(item: Item) {
  return Type.Object({ items: Type.Array(item), next: Type.Optional(Type.String()) })
}

export const FindingDetailSchema = Type.Intersect([
  FindingSchema,
  Type.Object({ facts: Loose, life: Type.Union([Loose, Type.Null()]), marks: Type.Array(MarkSchema) }),
])

/** A finding as its resource. */
export function findingResource(view: FindingView) {
  const { from, to, detectedAt, seenAt, openedAt, changedAt, evidence, ...rest } = view
  return { ...plain(rest), evidence: [...evidence], ...timesOf({ from, to, detectedAt, seenAt, openedAt, changedAt }) }
}

/** A finding with the life of its token and the marks around it. */
export function findingDetailResource({ life, marks, facts, ...view }: FindingDetail) {
  return {
    ...findingResource(view),
    facts: plain(facts),
    life: life && { ...plain(life), ...timesOrNull(life, ['issuedAt', 'expiresAt', 'endedAt', 'lastUsedAt']) },
    marks: marks.map(markResource),
  }
}

/** An incident as its resource, without its findings. */
export function incidentResource(
  incident: Omit<IncidentRecord, 'tenantNo' | 'touches' | 'version' | 'findings'> & { readonly findingsCount: number },
) {
  const { firstAt, lastAt, openedAt, changedAt, ...rest } = incident
  return { ...plain(rest), ...timesOf({ firstAt, lastAt, openedAt, changedAt }) }
}

/** An incident with its findings. */
export function incidentDetailResource({ findings, ...incident }: IncidentView) {
  return { ...incidentResource(incident), findings: findings.map(findingResource) }
}

/** A suppression as its resource. */
export function suppressionResource(suppression: Suppression) {
  const { id, findingId, detector, subject, value, reason, needsApproval, approverNo, createdAt, endsAt, hits, lastHitAt } =
    suppression
  const state = needsApproval && approverNo === null ? ('waits for approval' as const) : ('active' as const)
  return {
    id,
    finding: findingId,
    detector,
    subject,
    value,
    reason,
    state,
    hits,
    ...timesOf({ createdAt, endsAt }),
    lastHitAt: timeText(lastHitAt),
  }
}

/** A mark as its resource. */
export function markResource({ id, kind, name, service, from, to, createdAt }: Omit<Mark, 'tenantNo' | 'authorNo'>) {
  return { id, kind, name, service, ...timesOf({ from, to, createdAt }) }
}

function timesOf<Times extends Readonly<Record<string, number>>>(times: Times): { [Name in keyof Times]: string } {
  return Object.fromEntries(Object.entries(times).map(([name, at]) => [name, timeText(at)])) as { [Name in keyof Times]: string }
}

function timesOrNull<Row extends { readonly [N in Name]: number | null }, Name extends keyof Row & string>(
  row: Row,
  names: readonly Name[],
) {
  return Object.fromEntries(names.map((name) => [name, timeText(row[name])]))
}

/** A copy that a response schema takes for open. */
function plain<Value extends object>(value: Value): { -readonly [Name in keyof Value]: Value[Name] } {
  return { ...value }
}
