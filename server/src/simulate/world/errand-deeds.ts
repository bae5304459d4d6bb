import { PLACES } from '../cast.ts'
import type { Beat } from '../beat.ts'
import type { Moment } from '../deed.ts'
import type { Errand, Try } from '../errands.ts'
import type { Random } from '../random.ts'

/** Who looks at mail before its reader does. */
const SCANNER = { ip: '198.18.220.14', agent: 'Mozilla/5.0 (compatible; MailGuard/3.1; +link check)' }
const SCANNED = 0.2
const SPENT_BY_SCANNER = 0.06

/** A gateway fetches some links before the person: mostly as a look, now and then so that the link is spent. */
export function withScanners(errand: Errand, random: Random): Errand {
  if (errand.kind !== 'action' || errand.channel !== 'email' || !random.chance(SCANNED)) return errand
  const spends = random.chance(SPENT_BY_SCANNER)
  const look: Try = {
    at: errand.sentAt + 2_000 + random.below(5_000),
    reason: 'valid',
    ...SCANNER,
    ...(!spends && { check: true }),
  }
  const after = errand.tries.map((each) => (spends && each.reason === 'valid' ? { ...each, reason: 'consumed' as const } : each))
  return { ...errand, tries: [look, ...after] }
}

/** From two devices at once: the second tab comes after the first. */
export function withSecondTab(errand: Errand, random: Random): Errand {
  const used = errand.tries.find(({ reason, check }) => reason === 'valid' && !check)
  if (!used || errand.kind !== 'action' || !random.chance(0.01)) return errand
  const again: Try = { ...used, at: used.at + 3_000 + random.below(90_000), reason: 'consumed' }
  return { ...errand, tries: [...errand.tries, { ...again, ip: PLACES.mobile(random.below(16), random.below(60_000)) }] }
}

/** What is recorded of a single-use token: issue and sending as moments, tries as beats. */
export function deedsOfErrand(
  errand: Errand,
  token: number,
): { readonly moments: readonly Moment[]; readonly beats: readonly Beat[] } {
  const { id, issuedAt, sentAt, expiresAt, action, channel, attemptsMax, delivered, kind } = errand
  const detail = { id, scopes: [], expiresAt, action, attemptsMax, channel }
  const sent = { at: sentAt, type: delivered ? 'token.sent' : 'token.undelivered', token, detail: { channel } } as const
  const tries = delivered ? errand.tries : []
  const wrong = tries.filter(({ reason }) => reason === 'wrong_secret')
  const last = wrong.at(-1)
  const locked =
    attemptsMax !== null && wrong.length >= attemptsMax && last ? [{ at: last.at, type: 'token.locked', token } as const] : []
  const moments: Moment[] = [
    { at: issuedAt, type: 'token.issued', reason: 'new', token, actorKind: 'service', detail },
    sent,
    ...locked,
  ]
  const route = { service: 'accounts', method: 'POST', route: kind === 'action' ? '/links/{id}' : '/codes/{id}', scope: '' }
  const beats = tries.map(({ at, reason, ip, agent, check }): Beat => ({
    at,
    reason,
    ip,
    agent,
    ...route,
    ...(reason === 'wrong_secret' ? { token: -1, claimed: token } : { token }),
    ...(action !== null && { action }),
    ...(check && { check }),
  }))
  return { moments, beats }
}
