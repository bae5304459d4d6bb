import { stateOf } from '../../../records/token-state.ts'
import type { TokenRecord } from '../../../records/records.ts'
import { lastUsesOf } from '../last-uses.ts'
import { livesOn } from '../lived.ts'
import { ownerOfToken } from '../names.ts'
import { C, type EvidenceQuestion, type MaybeTime } from '../question.ts'

export interface StaleRow {
  readonly token: string
  readonly kind: string
  readonly state: string
  readonly owner: string
  readonly ownerId: string
  readonly issuedAt: number
  readonly lastUsedAt: MaybeTime
  readonly idleDays: number
  readonly stale: boolean
  readonly neverExpires: boolean
}

const DAY_MS = 86_400_000

/** Living tokens that are unused for long, or never expire. */
export const staleTokens: EvidenceQuestion<StaleRow> = {
  id: 'Q4',
  answers: 'Which living tokens are unused for more than so many days, or never expire',
  from: ['S', 'R'],
  params: { days: 90 },
  columns: {
    token: C.ref('public id'),
    kind: C.word('kind of token'),
    state: C.word('state as the records stand now'),
    owner: C.ref('whose token, as a number'),
    ownerId: C.person('whose token'),
    issuedAt: C.time('when it was issued, or first known'),
    lastUsedAt: C.time('last accepted use'),
    idleDays: C.days('whole days since the last accepted use, else since the issue'),
    stale: C.flag('idle for more than the days asked for'),
    neverExpires: C.flag('has no expiry'),
  },
  key: 'token',
  figures: [
    { name: 'stale', says: 'living tokens idle for more than the days asked for', where: { stale: true } },
    { name: 'never-used', says: 'of them never used at all', where: { stale: true, lastUsedAt: null }, share: 'stale' },
    { name: 'never-expire', says: 'living tokens without an expiry', where: { neverExpires: true } },
    { name: 'stale-and-never-expire', says: 'living tokens that are both', where: { stale: true, neverExpires: true } },
    { name: 'longest-idle-days', says: 'longest idle time, days', max: 'idleDays' },
  ],
  method: 'exact: the records as they stand now and the last accepted use as far back as days of each token are kept (400)',
  cannotShow: 'whether a stale token is kept on purpose; that is a decision of its owner',
  async *rows({ days }, reader) {
    for await (const page of reader.tokenPages()) {
      const living = page.filter((token) => livesOn(token, reader.seen, reader.now))
      const uses = await lastUsesOf(living, reader)
      yield* living
        .map((token) => rowOf(token, uses.get(token.no) ?? null, days, reader.now))
        .filter((row) => row.stale || row.neverExpires)
    }
  },
}

function rowOf(token: TokenRecord, lastUsedAt: MaybeTime, days: number, now: number): StaleRow {
  const idleMs = Math.max(0, now - (lastUsedAt ?? token.knownSince))
  return {
    token: token.id,
    kind: token.kind,
    state: stateOf(token, now),
    ...ownerOfToken(token),
    issuedAt: token.issuedAt,
    lastUsedAt,
    idleDays: Math.floor(idleMs / DAY_MS),
    stale: idleMs > days * DAY_MS,
    neverExpires: token.expiresAt === null,
  }
}
