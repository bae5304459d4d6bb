import type { Milliseconds } from 'tokentrail'
import type { Confidence, Severity, Subject } from '../records/findings.ts'
import type { DetectorName } from './catalogue.ts'

export { CONFIDENCES, FINDING_STATES, SEVERITIES, VERDICTS } from '../records/findings.ts'
export type { Confidence, Severity, Subject, Verdict } from '../records/findings.ts'

/** A fact of an explanation; numbers, so that the reader's language and zone can form them. */
export type Fact =
  | { readonly as: 'text'; readonly value: string }
  | { readonly as: 'number'; readonly value: number }
  | { readonly as: 'share'; readonly value: number }
  | { readonly as: 'time'; readonly value: Milliseconds }
  | { readonly as: 'duration'; readonly value: Milliseconds }
  /** Keyed network in hex. */
  | { readonly as: 'network'; readonly value: string }
  /** Number of a token or an owner; resolved to its id and name where a person reads it. */
  | { readonly as: 'token'; readonly value: number }
  | { readonly as: 'owner'; readonly value: number }
  /** `evt_…` */
  | { readonly as: 'event'; readonly value: string }

export type Facts = Readonly<Record<string, Fact>>

/** What was seen against what was expected. */
export interface Measured {
  readonly observed: number
  /** `null` when no statistic is involved. */
  readonly expected: { readonly value: number; readonly low: number; readonly high: number } | null
  readonly score: { readonly value: number; readonly unit: 'bits' | '-log10 p' | 'exact' }
}

export const CAVEATS = ['learning', 'coalesced', 'late', 'incomplete', 'no geo file'] as const
export type Caveat = (typeof CAVEATS)[number]

/** What a detector found: plain data, without time of its own or I/O. */
export interface Found {
  readonly tenant: number
  readonly detector: DetectorName
  /** What a user's rule says of itself, in place of the catalogue's row. Braces of the sentence are facts, as there. */
  readonly rule?: {
    readonly version: number
    readonly title: string
    readonly sentence: string
    readonly techniques: readonly string[]
    /** It finds and notifies nobody. */
    readonly silent?: boolean
  }
  readonly severity: Severity
  readonly confidence: Confidence
  readonly subject: Subject
  readonly from: Milliseconds
  readonly to: Milliseconds
  /** Event time at which it could first be known. */
  readonly detectedAt: Milliseconds
  readonly measured: Measured
  /** Every brace of the catalogue's sentence. */
  readonly facts: Facts
  /** Which features contributed, strongest first, in words: "new network (14 bits)". */
  readonly features: readonly string[]
  /** "would not have fired if …", one sentence each. */
  readonly unless: readonly string[]
  /** `evt_…`, at most 100, oldest first. */
  readonly evidence: readonly string[]
  /** How many events it rests on. */
  readonly evidenceCount: number
  readonly caveats: readonly Caveat[]
  /** For joining into incidents: keys of tokens, networks and owners that it touches. */
  readonly touches: readonly Subject[]
}
