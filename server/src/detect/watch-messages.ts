import type { Milliseconds } from 'tokentrail'
import type { EngineOptions, Missed } from './engine.ts'
import type { ForgottenSubject } from './entity/forget.ts'
import type { Found } from './finding.ts'
import type { KnownMark } from './known-marks.ts'
import type { RuleAssignment } from './rules/rule-desk.ts'

/** Options of the engine that can go to another thread. */
export type ThreadEngineOptions = Pick<EngineOptions, 'limits' | 'also' | 'lanesMax'>

/** IANA time zones of tenants that have set one. */
export type TenantZones = readonly (readonly [tenantNo: number, zone: string])[]

/** How often the thread writes down what it knows, and how much it reads at once. */
export interface Pace {
  readonly checkpointMs: number
  /** Bounds the thread's memory, and how long it does not listen. */
  readonly pageBytesMax: number
}

export const PACE: Pace = { checkpointMs: 60_000, pageBytesMax: 512 * 1024 }

/** What the detecting thread starts with. */
export interface WatchThreadOptions {
  readonly journalFile: string
  readonly checkpointFile: string
  /** Position up to which batches may be gone. */
  readonly passed: number
  /** Newest durable position. */
  readonly upTo: number
  readonly now: Milliseconds
  readonly engine: ThreadEngineOptions
  readonly pace: Pace
  /** What waits at a first start is history: it is judged in the order in which it occurred. */
  readonly history: boolean
  readonly rules: readonly RuleAssignment[]
  readonly marks: readonly KnownMark[]
  readonly zones: TenantZones
}

export type ToWatchThread =
  | { readonly say: 'journalled'; readonly position: number }
  | { readonly say: 'time'; readonly now: Milliseconds }
  /** All findings of this message and those before are kept. */
  | { readonly say: 'kept'; readonly no: number }
  | { readonly say: 'exposed'; readonly tokenNo: number; readonly at: Milliseconds }
  | { readonly say: 'zones'; readonly zones: TenantZones }
  | { readonly say: 'missed'; readonly missed: Missed }
  /** Forget a subject, and write that down at once. */
  | { readonly say: 'forget'; readonly no: number; readonly subject: ForgottenSubject }
  | { readonly say: 'rules'; readonly rules: readonly RuleAssignment[] }
  | { readonly say: 'marks'; readonly marks: readonly KnownMark[] }
  /** The journal needs its room: make a checkpoint, and leave out what lies before this position. */
  | { readonly say: 'hurry'; readonly position: number }
  | { readonly say: 'close' }

export type FromWatchThread =
  | { readonly say: 'found'; readonly no: number; readonly found: readonly Found[] }
  | { readonly say: 'at'; readonly position: number; readonly receivedAt: Milliseconds | null; readonly events: number }
  /** A checkpoint is on disk: no batch up to here is needed any more. */
  | { readonly say: 'checkpoint'; readonly position: number; readonly bytes: number }
  /** A checkpoint without the subject is on disk. */
  | { readonly say: 'forgotten'; readonly no: number }
  | { readonly say: 'note'; readonly note: string }
