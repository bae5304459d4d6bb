import type { Milliseconds } from 'tokentrail'
import type { Actor } from './records.ts'

/** The words of findings, from the least to the gravest where they have an order. */
export const SEVERITIES = ['info', 'low', 'medium', 'high', 'critical'] as const
export type Severity = (typeof SEVERITIES)[number]

export const CONFIDENCES = ['low', 'medium', 'high', 'certain'] as const
export type Confidence = (typeof CONFIDENCES)[number]

export const FINDING_STATES = ['open', 'acknowledged', 'suppressed', 'closed'] as const
export type FindingState = (typeof FINDING_STATES)[number]

/** Verdicts of people, with OCSF `verdict_id`. */
export const VERDICTS = { false_positive: 1, true_positive: 2, unclear: 7, benign: 5, test: 6, duplicate: 10 } as const
export type Verdict = keyof typeof VERDICTS

export const SUBJECT_KINDS = ['token', 'source', 'owner', 'principal', 'service', 'tenant'] as const

/** What a finding is about. `key` is unique within tenant and kind: a token's or owner's number, a network in hex, a stream's name. */
export interface Subject {
  readonly kind: (typeof SUBJECT_KINDS)[number]
  readonly key: string
}

export const MARK_KINDS = ['deploy', 'campaign', 'import', 'holiday'] as const
export type MarkKind = (typeof MARK_KINDS)[number]

export type Notice = 'sent' | 'held back' | 'none'

/** A finding as a row. `found` is the JSON of what the detector said; what is filtered and judged by stands beside it. */
export interface FindingRecord {
  readonly id: string
  readonly tenantNo: number
  readonly detector: string
  readonly detectorVersion: number
  readonly severity: Severity
  readonly confidence: Confidence
  readonly subject: Subject
  readonly from: Milliseconds
  readonly to: Milliseconds
  /** Event time at which it could first be known. */
  readonly detectedAt: Milliseconds
  /** Event time of the newest that was found of it. */
  readonly seenAt: Milliseconds
  readonly found: string
  /** Subject first; no more than `TOUCHES_MAX`. */
  readonly touches: readonly Subject[]
  readonly incidentId: string | null
  readonly state: FindingState
  readonly verdict: Verdict | null
  readonly note: string | null
  readonly assignee: string | null
  readonly openedAt: Milliseconds
  readonly changedAt: Milliseconds
  readonly repeats: number
  readonly notice: Notice
  /** Grows with every change. */
  readonly version: number
}

/** Subjects kept of one finding, and of one incident. */
export const TOUCHES_MAX = 20
export const INCIDENT_TOUCHES_MAX = 200

export interface IncidentRecord {
  readonly id: string
  readonly tenantNo: number
  readonly severity: Severity
  readonly state: 'open' | 'closed'
  readonly title: string
  /** Event times of its first and its newest finding. */
  readonly firstAt: Milliseconds
  readonly lastAt: Milliseconds
  readonly openedAt: Milliseconds
  readonly changedAt: Milliseconds
  readonly findings: number
  /** Gravest severity of each detector that spoke. */
  readonly detectors: Readonly<Record<string, Severity>>
  /** `kind:key` of what it touches, with the event time of the last finding that did. */
  readonly touches: Readonly<Record<string, Milliseconds>>
  readonly notice: Notice
  /** Severity of the last notice; another goes out only above it. */
  readonly notified: Severity | null
  /** The incident that took this one in when a finding joined both; its findings stand there. */
  readonly mergedInto: string | null
  readonly version: number
}

export interface NewSuppression {
  readonly detector: string
  /** `null`: any subject, then there is a value. */
  readonly subject: Subject | null
  /** Value of any fact; `null`: any value, then there is a subject. */
  readonly value: string | null
  readonly reason: string
  readonly endsAt: Milliseconds
  /** Matches nothing until a second person agrees. */
  readonly needsApproval: boolean
}

export interface Suppression extends NewSuppression {
  readonly id: string
  readonly tenantNo: number
  readonly findingId: string
  readonly authorNo: number
  readonly approverNo: number | null
  readonly createdAt: Milliseconds
  readonly hits: number
  readonly lastHitAt: Milliseconds | null
}

/** Something known that changes traffic: widens what detectors expect, and is shown on findings. */
export interface Mark {
  readonly id: string
  readonly tenantNo: number
  readonly kind: MarkKind
  readonly name: string
  readonly service: string | null
  readonly from: Milliseconds
  readonly to: Milliseconds
  readonly authorNo: number
  readonly createdAt: Milliseconds
}

/** What is left of a tenant's notices, in the time that earns them. */
export interface NoticeCredit {
  readonly creditMs: number
  readonly at: Milliseconds
}

/** A row to write: new, or in place of the version that was read. */
export interface Write<Row> {
  readonly row: Row
  readonly before: number | null
  /** What happened to it, for its event; `null` where none belongs to it. */
  readonly event: 'opened' | 'changed' | 'closed' | null
}

export interface FindingActions {
  /**
   * Keeps what the desk made of a batch: findings (301, 302, 303), incidents (311, 312, 313), hits of suppressions and the
   * budget. Findings of an incident that was merged into another follow it. All or nothing; `finding_changed` when a row is no longer as the desk read it.
   */
  keepFindings(p: {
    tenantNo: number
    findings: readonly Write<FindingRecord>[]
    incidents: readonly Write<IncidentRecord>[]
    hits: readonly { readonly id: string; readonly count: number; readonly at: Milliseconds }[]
    credit: { readonly before: NoticeCredit | null; readonly after: NoticeCredit } | null
    at: Milliseconds
  }): { findings: number }
  /** 302, or 303 when it closes; its incident closes with its last finding (313) and opens again with one (312). */
  triageFinding(p: {
    tenantNo: number
    id: string
    change: {
      readonly state?: Exclude<FindingState, 'suppressed'>
      readonly verdict?: Verdict
      readonly note?: string | null
      readonly assignee?: string | null
    }
    at: Milliseconds
    actor: Actor
  }): FindingRecord
  /** Adds a suppression and, unless it waits for approval (715), puts the finding to rest (302). */
  suppressFinding(p: { tenantNo: number; id: string; suppression: NewSuppression; at: Milliseconds; actor: Actor }): {
    finding: FindingRecord
    suppression: Suppression
  }
  /** 716. A second person agrees; `not_permitted` for the one who asked. */
  approveSuppression(p: { tenantNo: number; id: string; at: Milliseconds; actor: Actor }): Suppression
  /** 601. */
  endSuppression(p: { tenantNo: number; id: string; at: Milliseconds; actor: Actor }): boolean
  /** 601. */
  putMark(p: {
    tenantNo: number
    mark: {
      readonly kind: MarkKind
      readonly name: string
      readonly service: string | null
      readonly from: Milliseconds
      readonly to: Milliseconds
    }
    at: Milliseconds
    actor: Actor
  }): Mark
}

export interface FindingFilter {
  readonly tenantNo: number
  readonly state?: FindingState
  /** This severity and graver ones. */
  readonly severity?: Severity
  readonly detector?: string
  readonly touches?: Subject
  readonly incidentId?: string
  /** By `detectedAt`. */
  readonly from?: Milliseconds
  readonly to?: Milliseconds
}

/** The last row of the page above. */
export interface PlaceInTime {
  readonly at: Milliseconds
  readonly id: string
}

export interface FindingCount {
  readonly detector: string
  readonly detectorVersion: number
  readonly severity: Severity
  readonly state: FindingState
  readonly verdict: Verdict | null
  readonly count: number
}

export interface FindingReads {
  finding(tenantNo: number, id: string): Promise<FindingRecord | null>
  /** Newest first by `detectedAt`. */
  findings(filter: FindingFilter, page: { before?: PlaceInTime; limit: number }): Promise<readonly FindingRecord[]>
  /** The newest finding of a detector on a subject. */
  latestFinding(tenantNo: number, detector: string, subject: Subject): Promise<FindingRecord | null>
  /** Findings whose span meets a window, streamed by id: for figures over what they cite. */
  findingsInSpan(
    tenantNo: number,
    window: { from: Milliseconds; to: Milliseconds },
    page: { after: string; limit: number },
  ): Promise<readonly FindingRecord[]>
  findingCounts(tenantNo: number, window: { from: Milliseconds; to: Milliseconds }): Promise<readonly FindingCount[]>
  incident(tenantNo: number, id: string): Promise<IncidentRecord | null>
  /** Newest first by `lastAt`. */
  incidents(
    filter: { tenantNo: number; state?: 'open' | 'closed'; severity?: Severity; from?: Milliseconds; to?: Milliseconds },
    page: { before?: PlaceInTime; limit: number },
  ): Promise<readonly IncidentRecord[]>
  /** Incidents since a time that a finding of them touches one of the subjects, newest first. */
  incidentsTouching(
    tenantNo: number,
    subjects: readonly Subject[],
    since: Milliseconds,
    limit: number,
  ): Promise<readonly IncidentRecord[]>
  /** Incidents by their notice, of those whose newest finding is in the window. */
  noticeCounts(tenantNo: number, window: { from: Milliseconds; to: Milliseconds }): Promise<Readonly<Record<Notice, number>>>
  /** Those that have not ended at a time, newest first; waiting ones among them. */
  suppressions(tenantNo: number, at: Milliseconds): Promise<readonly Suppression[]>
  noticeCredit(tenantNo: number): Promise<NoticeCredit | null>
  /** Marks that meet a window, newest first. */
  marks(tenantNo: number, window: { from: Milliseconds; to: Milliseconds }): Promise<readonly Mark[]>
}
