import type { Milliseconds } from 'tokentrail'
import { TrailError } from '../../errors.ts'
import type { TokenRef } from '../../query/rows.ts'
import { refOf } from '../../query/token-ref.ts'
import type { FindingRecord, IncidentRecord, Mark } from '../../records/findings.ts'
import type { TokenRecord } from '../../records/records.ts'
import type { Facts, Found, Subject } from '../finding.ts'
import { describedOf } from './described.ts'
import { explain, type Explanation } from './explain.ts'
import { createFactFormat, type FactFormat, printable } from './facts.ts'
import { type FoundNames, namesOf } from './names.ts'
import type { DeskParts } from './parts.ts'
import { foundOf } from './quiet-time.ts'

/** A subject as people know it. */
export interface SubjectView {
  readonly kind: Subject['kind']
  /** Public id of a token, id of an owner, name of a network or of a stream. */
  readonly name: string
  readonly token?: TokenRef
}

/** A finding for people. Times are milliseconds. */
export interface FindingView
  extends
    Explanation,
    Omit<FindingRecord, 'tenantNo' | 'detectorVersion' | 'subject' | 'found' | 'touches' | 'version'>,
    Pick<Found, 'measured' | 'features' | 'unless' | 'evidence' | 'evidenceCount' | 'caveats'> {
  readonly version: number
  /** What its detector looks for, in a few words. */
  readonly finds: string
  readonly exact: boolean
  readonly subject: SubjectView
  readonly touches: readonly SubjectView[]
  /** MITRE ATT&CK. */
  readonly techniques: readonly string[]
  readonly suggests: readonly string[]
}

/** What is known of the life of the token that a finding is about. */
export interface LifeFacts {
  readonly token: TokenRef
  readonly issuedAt: Milliseconds | null
  readonly ageMs: Milliseconds | null
  readonly expiresAt: Milliseconds | null
  readonly endedAt: Milliseconds | null
  /** How often it was rotated before. */
  readonly rotations: number
  readonly scopes: readonly string[]
  /** `null` when it was never used or the store cannot answer at the moment: then `lastUseKnown` is false. */
  readonly lastUsedAt: Milliseconds | null
  readonly acceptedIn30d: number | null
  readonly lastUseKnown: boolean
}

/** One finding with everything that helps to judge it. */
export interface FindingDetail extends FindingView {
  readonly facts: Readonly<Record<string, Facts[string] & { readonly text: string }>>
  readonly life: LifeFacts | null
  readonly marks: readonly Omit<Mark, 'tenantNo' | 'authorNo'>[]
}

/** An incident for people, with its findings, newest first. */
export interface IncidentView extends Omit<IncidentRecord, 'tenantNo' | 'touches' | 'version' | 'findings'> {
  readonly findings: readonly FindingView[]
  readonly findingsCount: number
}

export interface Views {
  findings(tenantNo: number, findings: readonly FindingRecord[], zone?: string): Promise<readonly FindingView[]>
  detail(tenantNo: number, finding: FindingRecord, zone?: string): Promise<FindingDetail>
  incident(tenantNo: number, id: string, zone?: string): Promise<IncidentView>
}

/** Findings of one incident that are shown with it. */
const SHOWN_MAX = 200
/** A mark so shortly before a finding may have to do with it. */
const MARK_BEFORE_MS = 3_600_000

/** Makes views of findings. */
export function createViews({ records, ask, clock }: Pick<DeskParts, 'records' | 'ask' | 'clock'>): Views {
  const { read } = records

  async function findings(tenantNo: number, some: readonly FindingRecord[], zone = 'UTC'): Promise<readonly FindingView[]> {
    const found = some.map(foundOf)
    const names = await namesOf(read, tenantNo, found)
    const format = createFactFormat(names, zone)
    return some.map((record, i) => viewOf(record, found[i] ?? foundOf(record), names, format, clock.now()))
  }

  /** The store may be away; the finding is shown all the same. */
  async function lifeOf(token: TokenRecord): Promise<LifeFacts> {
    const now = clock.now()
    const use = await ask(token.tenantNo, 'last-used-by-token', { tokens: [token.id] }).catch(() => undefined)
    return {
      token: refOf(token, now),
      issuedAt: token.issuedAtKnown ? token.issuedAt : null,
      ageMs: token.issuedAtKnown ? Math.max(0, now - token.issuedAt) : null,
      expiresAt: token.expiresAt,
      endedAt: token.endedAt,
      rotations: token.generation - 1,
      scopes: token.scopes,
      lastUsedAt: use?.rows[0]?.lastAcceptedAt ?? null,
      acceptedIn30d: use ? (use.rows[0]?.accepted30d ?? 0) : null,
      lastUseKnown: use !== undefined,
    }
  }

  return {
    findings,
    async detail(tenantNo, record, zone = 'UTC') {
      const found = foundOf(record)
      const names = await namesOf(read, tenantNo, [found])
      const format = createFactFormat(names, zone)
      const token = tokenOf(found, names)
      const [life, marks] = await Promise.all([
        token ? lifeOf(token) : null,
        read.marks(tenantNo, { from: record.from - MARK_BEFORE_MS, to: record.to + 1 }),
      ])
      const facts = Object.entries(found.facts).map(([name, fact]) => [name, { ...fact, text: format(fact) }])
      return {
        ...viewOf(record, found, names, format, clock.now()),
        facts: Object.fromEntries(facts),
        life,
        marks: marks.map(({ tenantNo: _tenant, authorNo: _author, ...mark }) => mark),
      }
    },
    async incident(tenantNo, id, zone) {
      const record = await read.incident(tenantNo, id)
      if (!record) throw new TrailError('not_found', 'There is no incident of this id here.', { input: 'id' })
      const { tenantNo: _tenant, touches: _touches, version: _version, findings: findingsCount, ...incident } = record
      const some = await read.findings({ tenantNo, incidentId: id }, { limit: SHOWN_MAX })
      return { ...incident, findingsCount, findings: await findings(tenantNo, some, zone) }
    },
  }
}

function viewOf(record: FindingRecord, found: Found, names: FoundNames, format: FactFormat, now: Milliseconds): FindingView {
  const { tenantNo: _tenant, detectorVersion, subject, found: _found, touches, version: _version, ...kept } = record
  const { measured, features, unless, evidence, evidenceCount, caveats } = found
  const { finds, exact, techniques, suggests } = describedOf(found)
  return {
    ...kept,
    version: detectorVersion,
    finds: printable(finds),
    exact,
    ...explain(found, names, { format }),
    subject: subjectView(subject, names, now),
    touches: touches.map((each) => subjectView(each, names, now)),
    measured,
    features: features.map(printable),
    unless: unless.map(printable),
    evidence,
    evidenceCount: Math.max(evidenceCount, evidence.length),
    caveats,
    techniques,
    suggests,
  }
}

function subjectView({ kind, key }: Subject, names: FoundNames, now: Milliseconds): SubjectView {
  const token = kind === 'token' ? names.tokens.get(Number(key)) : undefined
  if (token) return { kind, name: token.id, token: refOf(token, now) }
  const owner = kind === 'owner' || kind === 'principal' ? names.owner(Number(key)) : undefined
  return { kind, name: printable(owner ?? key) }
}

/** The token that a finding is about: its subject, else the first that it touches. */
function tokenOf({ subject, touches }: Found, names: FoundNames): TokenRecord | undefined {
  const first = [subject, ...touches].find(({ kind }) => kind === 'token')
  return first && names.tokens.get(Number(first.key))
}
