import { canonical, WIDE_PROFILE } from 'tokentrail/log'
import { TrailError } from '../errors.ts'
import { PACK_LEVELS, type NewPack, type PackLevel } from '../records/evidence.ts'
import { checkEvidence, type EvidenceParams } from './evidence/params.ts'
import { PACK_NAMES, PACKS, type PackKind } from './packs.ts'

/** What somebody wants of a pack. */
export interface PackWish {
  readonly name: string
  readonly from?: number
  readonly to?: number
  readonly level?: PackLevel
  readonly recipient: string
  /** After this time the recipient shall no longer hold it. */
  readonly expiresAt?: number
  readonly params?: Readonly<Partial<EvidenceParams>>
}

const DAY_MS = 86_400_000
/** How long a pack may be held, where nothing is said. */
const KEPT_DAYS = 90
const KEPT_DAYS_MAX = 2200
const RECIPIENT_MAX = 200

/** Checks a wish and fills in what was left out: exactly what will be made. */
export function packWish(wish: PackWish, now: number): Omit<NewPack, 'id'> {
  const kind = kindOf(wish.name)
  const to = wish.to ?? now
  const from = wish.from ?? Math.max(0, to - kind.days * DAY_MS)
  const expiresAt = wish.expiresAt ?? Math.ceil(now / DAY_MS) * DAY_MS + KEPT_DAYS * DAY_MS
  const level = wish.level ?? 'pseudonymous'
  if (!PACK_LEVELS.includes(level)) throw invalid('level', `one of ${PACK_LEVELS.join(', ')}`)
  const recipient = wish.recipient.trim()
  if (recipient === '' || recipient.length > RECIPIENT_MAX || /\p{Cc}/u.test(recipient))
    throw invalid('recipient', `a name of 1 to ${RECIPIENT_MAX} characters`)
  if (!Number.isSafeInteger(expiresAt) || expiresAt <= now || expiresAt > now + KEPT_DAYS_MAX * DAY_MS)
    throw new TrailError('time_invalid', `The parameter expiresAt must lie ahead, by at most ${KEPT_DAYS_MAX} days.`, {
      input: 'expiresAt',
    })
  const params = wish.params ?? {}
  const offered = Object.fromEntries((kind.params ?? []).map((name) => [name, undefined]))
  checkEvidence(offered, { ...params, from, to })
  if (kind.needs !== undefined && !kind.needs.some((name) => params[name] !== undefined))
    throw invalid('params', `given with one of ${kind.needs.join(', ')}: what the pack is about`)
  return { name: wish.name, params: canonical(params, WIDE_PROFILE), level, recipient, from, to, expiresAt }
}

function kindOf(name: string): PackKind {
  const kind = Object.hasOwn(PACKS, name) ? PACKS[name] : undefined
  if (kind === undefined)
    throw new TrailError('not_found', `There is no such pack. The packs are ${PACK_NAMES.join(', ')}.`, { input: 'pack' })
  return kind
}

function invalid(input: string, expected: string): TrailError {
  return new TrailError('parameter_invalid', `The parameter ${input} must be ${expected}.`, { input })
}
