import type { Milliseconds } from 'tokentrail'
import { TrailError } from '../../errors.ts'
import type { RecordReads } from '../../records/records.ts'
import { STEPS, type Step } from '../../records/responses.ts'
import type { Found } from '../finding.ts'
import { provenToken } from './proven.ts'
import type { Rehearsal } from './rehearse.ts'

/** Findings of these detectors may suspend a token by themselves, where a tenant allows it. */
export const SUSPENDING = ['leaked-token', 'guess-then-hit'] as const

/** What a tenant lets happen. Everything begins as a dry run. */
export interface Playbook {
  /** Steps that are really done. Any other is written down as what it would have been. */
  readonly live: readonly Step[]
  /** Steps that always need a second person. */
  readonly secondPerson: readonly Step[]
  /** Detectors whose findings throttle their token by themselves. */
  readonly throttle: readonly string[]
  /** Detectors whose findings suspend their token by themselves. */
  readonly suspend: readonly (typeof SUSPENDING)[number][]
  /** The limit of an automatic throttle. */
  readonly rate: { readonly count: number; readonly windowMs: number }
  readonly throttleHours: number
  readonly suspendHours: number
}

/** A playbook as it is kept: with who last let a step out of its dry run, and what was known then. */
export interface KeptPlaybook extends Playbook {
  readonly wentLive: { readonly by: string; readonly at: Milliseconds; readonly rehearsal: Rehearsal } | null
}

export const PLAYBOOK_SETTING = 'responses.playbook'
export const WEBHOOK_SETTING = 'responses.webhook'
export const MAIL_SETTING = 'responses.mail'

export const PLAYBOOK: KeptPlaybook = {
  live: [],
  secondPerson: [],
  throttle: [],
  suspend: [],
  rate: { count: 60, windowMs: 60_000 },
  throttleHours: 24,
  suspendHours: 72,
  wentLive: null,
}

/** The playbook of a tenant. */
export async function playbookOf(read: Pick<RecordReads, 'setting'>, tenantNo: number): Promise<KeptPlaybook> {
  const kept = await read.setting(tenantNo, PLAYBOOK_SETTING)
  return kept === null ? PLAYBOOK : { ...PLAYBOOK, ...(JSON.parse(kept) as Partial<KeptPlaybook>) }
}

/** A playbook within its bounds, or what is wrong with it. */
export function checkPlaybook(playbook: Playbook): Playbook {
  const { live, secondPerson, throttle, suspend, rate, throttleHours, suspendHours } = playbook
  const isStep = (step: string) => (STEPS as readonly string[]).includes(step)
  if (![...live, ...secondPerson].every(isStep)) throw wrong('live', `steps are ${STEPS.join(', ')}`)
  if (!suspend.every((name) => (SUSPENDING as readonly string[]).includes(name)))
    throw wrong('suspend', `only ${SUSPENDING.join(' and ')} may suspend by themselves`)
  if (!(throttleHours > 0 && throttleHours <= 24)) throw wrong('throttleHours', 'a throttle ends after at most 24 hours')
  if (!(suspendHours > 0 && suspendHours <= 72)) throw wrong('suspendHours', 'a suspension ends after at most 72 hours')
  if (!(rate.count >= 1 && rate.windowMs >= 1000)) throw wrong('rate', 'at least one use in a second')
  return { live, secondPerson, throttle, suspend, rate, throttleHours, suspendHours }
}

/** The step that a finding starts by itself, the gravest first; only on a token that was proven. */
export function automaticStep(
  playbook: Playbook,
  found: Pick<Found, 'detector' | 'subject'>,
): 'suspend' | 'throttle' | undefined {
  if (provenToken(found) === undefined) return undefined
  if ((playbook.suspend as readonly string[]).includes(found.detector)) return 'suspend'
  return playbook.throttle.includes(found.detector) ? 'throttle' : undefined
}

function wrong(field: string, expected: string): TrailError {
  return new TrailError('body_invalid', `${field}: ${expected}.`, { input: `/${field}` })
}
