import { eventId, type Milliseconds } from 'tokentrail'
import type { EventRow } from '../../event/row.ts'
import { CATALOGUE } from '../catalogue.ts'
import { SEVERITIES, type Caveat, type Confidence, type Found, type Measured, type Severity, type Subject } from '../finding.ts'
import type { CatalogueName, FactsOf } from './facts.ts'

/** What a detector noticed just now. */
export interface Notice<Name extends CatalogueName> {
  readonly detector: Name
  readonly severity: Severity
  readonly subject: Subject
  readonly event: EventRow
  /** What grows while it goes on; it is spoken of again when this has doubled. By default, how often it was noticed. */
  readonly weight?: number
  /** Ids of events that came before this one. */
  readonly before?: readonly string[]
  readonly tell: (episode: Episode) => Telling<Name>
}

/** What is told of it. */
export interface Telling<Name extends CatalogueName> {
  readonly facts: FactsOf<Name>
  /** Left out where no statistic is involved. */
  readonly measured?: Measured
  readonly confidence?: Confidence
  readonly features: readonly string[]
  readonly unless: readonly string[]
  readonly caveats?: readonly Caveat[]
  readonly touches: readonly Subject[]
}

/** A detector's notices of one subject, for a day from the first. */
export interface Episode {
  readonly from: Milliseconds
  /** Decisions it rests on; a coalesced row counts for all it stands for. */
  readonly count: number
  /** The worst so far. */
  readonly severity: Severity
}

interface Kept {
  from: Milliseconds
  count: number
  severity: number
  said: number
  evidence: string[]
}

/** Turns notices into findings, few of them: the first, then each time when twice as much has come, and whenever it became worse. */
export interface Voice {
  notice<Name extends CatalogueName>(notice: Notice<Name>, found: (finding: Found) => void): void
  snapshot(): unknown
  restore(state: unknown): void
}

const DAY_MS = 86_400_000
const EVIDENCE_MAX = 40
const EPISODES_MAX = 20_000

/** Beyond `episodesMax` the oldest is forgotten; if it goes on, it is spoken of anew. */
export function createVoice(episodesMax = EPISODES_MAX): Voice {
  let episodes = new Map<string, Kept>()

  function episodeOf(key: string, at: Milliseconds): Kept {
    const known = episodes.get(key)
    if (known && at < known.from + DAY_MS) return known
    episodes.delete(key)
    const oldest = episodes.size >= episodesMax ? episodes.keys().next().value : undefined
    if (oldest !== undefined) episodes.delete(oldest)
    const episode: Kept = { from: at, count: 0, severity: -1, said: 0, evidence: [] }
    episodes.set(key, episode)
    return episode
  }

  function notice<Name extends CatalogueName>(given: Notice<Name>, found: (finding: Found) => void): void {
    const { detector, subject, event, before = [] } = given
    const episode = episodeOf(`${detector} ${event.tenant} ${subject.kind} ${subject.key}`, event.occurredAt)
    if (episode.count === 0) episode.evidence.push(...before)
    episode.count += event.count
    keep(episode.evidence, eventId(event.writer, event.seq))
    const weight = given.weight ?? episode.count
    const severity = SEVERITIES.indexOf(given.severity)
    if (severity <= episode.severity && weight < 2 * episode.said) return
    episode.severity = Math.max(severity, episode.severity)
    episode.said = weight
    found(findingOf(given, episode))
  }

  return {
    notice,
    snapshot: () => [...episodes],
    restore: (state) => void (episodes = new Map(structuredClone(state) as [string, Kept][])),
  }
}

function keep(evidence: string[], id: string): void {
  if (evidence.at(-1) === id) return
  if (evidence.length >= EVIDENCE_MAX) evidence.splice(EVIDENCE_MAX / 2, 1)
  evidence.push(id)
}

function findingOf<Name extends CatalogueName>({ detector, subject, event, tell }: Notice<Name>, episode: Kept): Found {
  const {
    facts,
    measured,
    confidence,
    features,
    unless,
    caveats = [],
    touches,
  } = tell({ from: episode.from, count: episode.count, severity: SEVERITIES[episode.severity] ?? 'info' })
  const isExact = CATALOGUE[detector].exact
  return {
    tenant: event.tenant,
    detector,
    severity: SEVERITIES[episode.severity] ?? 'info',
    confidence: confidence ?? (isExact ? 'certain' : 'medium'),
    subject,
    from: episode.from,
    to: event.occurredAt + event.spanMs,
    detectedAt: event.occurredAt + event.spanMs,
    measured: measured ?? { observed: episode.count, expected: null, score: { value: 1, unit: 'exact' } },
    facts,
    features,
    unless,
    evidence: [...episode.evidence],
    evidenceCount: episode.count,
    caveats,
    touches: [subject, ...touches.filter(({ kind, key }) => kind !== subject.kind || key !== subject.key)],
  }
}
