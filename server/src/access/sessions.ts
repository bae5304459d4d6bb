import { createHash, randomBytes, timingSafeEqual } from 'node:crypto'
import type { Milliseconds } from 'tokentrail'
import type { Clock } from '../clock.ts'
import type { Actor, Records, SessionRecord, TokenRecord } from '../records/records.ts'
import { type Principal, hasRole, type TokenOfRole } from './principal.ts'
import { isLiving } from './living.ts'

/** A session as its holder sees it. */
export interface Session {
  readonly principal: Principal
  /** What a write must carry in `x-tokentrail-csrf`. */
  readonly csrf: string
  readonly expiresAt: Milliseconds
  readonly idleMs: number
  /** What its list calls it. */
  readonly id: string
  /** When the second factor was proven last. */
  readonly provenAt: Milliseconds | null
}

/** Sessions of the dashboard. The cookie's value is random and is not the token; records keep its SHA-256. */
export interface Sessions {
  /** Opens one for a token that was proven. Durable, with its event, before it resolves. */
  open(record: TokenRecord, actor: Actor, provenAt: Milliseconds | null): Promise<Session & { readonly cookie: string }>
  /** The same session under another id, proven now; `undefined` when it is over. */
  stepUp(cookie: string): Promise<(Session & { readonly cookie: string }) | undefined>
  /** The living session behind a cookie; `undefined` when it is unknown, idle, over, or its token is. */
  find(cookie: string): Promise<Session | undefined>
  /** The same question for an open stream: asking does not count as use. */
  isOpen(cookie: string): Promise<boolean>
  end(cookie: string): Promise<boolean>
}

export interface SessionTimes {
  readonly idleMs: number
  readonly absoluteMs: number
}

const SESSION_TIMES: SessionTimes = { idleMs: 30 * 60_000, absoluteMs: 12 * 3_600_000 }

const SEEN_MAX = 10_000

/**
 * When a session was last used is held in this process, for a write per request would be too dear. A session that this
 * process has not seen counts as used when the process started, or when the session began if that was later.
 */
export function createSessions(o: {
  records: Records
  clock: Clock
  times?: SessionTimes
  principalOf: (record: TokenOfRole) => Promise<Principal>
}): Sessions {
  const times = o.times ?? SESSION_TIMES
  const startedAt = o.clock.now()
  const seen = new Map<string, Milliseconds>()

  function isIdle(digest: Buffer, createdAt: Milliseconds): boolean {
    const last = seen.get(digest.toString('base64')) ?? Math.max(createdAt, startedAt)
    return o.clock.now() - last >= times.idleMs
  }

  function noteUse(digest: Buffer): void {
    const key = digest.toString('base64')
    seen.delete(key)
    seen.set(key, o.clock.now())
    if (seen.size > SEEN_MAX) seen.delete(seen.keys().next().value ?? key)
  }

  async function tokenOf(session: SessionRecord | null): Promise<TokenOfRole | undefined> {
    if (!session || session.expiresAt <= o.clock.now()) return undefined
    const record = await o.records.read.tokenByNo(session.tokenNo)
    return record && hasRole(record) && isLiving(record, o.clock.now()) ? record : undefined
  }

  async function end(digest: Buffer): Promise<boolean> {
    seen.delete(digest.toString('base64'))
    return o.records.act('endSession', { idDigest: digest })
  }

  async function find(cookie: string): Promise<Session | undefined> {
    if (!/^[\w-]{43}$/.test(cookie)) return undefined
    const digest = digestOf(cookie)
    const session = await o.records.read.session(digest)
    const record = await tokenOf(session)
    if (!session || !record) return undefined
    if (isIdle(digest, session.createdAt)) return void (await end(digest))
    noteUse(digest)
    const { csrf, expiresAt, id, provenAt } = session
    return { principal: await o.principalOf(record), csrf, expiresAt, idleMs: times.idleMs, id, provenAt }
  }

  return {
    async open(record, actor, provenAt) {
      if (!hasRole(record)) throw new TypeError('a session needs a token with a role')
      const [cookie, csrf, id, at] = [random(), random(), newId(), o.clock.now()]
      const expiresAt = Math.min(at + times.absoluteMs, record.expiresAt ?? Infinity)
      const { no: tokenNo, tenantNo } = record
      const made = { idDigest: digestOf(cookie), tokenNo, tenantNo, csrf, at, expiresAt, id, provenAt, actor }
      await o.records.act('createSession', made)
      return { principal: await o.principalOf(record), cookie, csrf, expiresAt, idleMs: times.idleMs, id, provenAt }
    },
    async stepUp(cookie) {
      const [next, csrf, id, at] = [random(), random(), newId(), o.clock.now()]
      seen.delete(digestOf(cookie).toString('base64'))
      const done = await o.records.act('stepUpSession', { from: digestOf(cookie), to: digestOf(next), id, csrf, at })
      if (!done) return undefined
      noteUse(digestOf(next))
      const session = await find(next)
      return session && { ...session, cookie: next }
    },
    find,
    isOpen: async (cookie) => (await tokenOf(await o.records.read.session(digestOf(cookie)))) !== undefined,
    end: (cookie) => end(digestOf(cookie)),
  }
}

/** Compares what a write carries with what its session was given, in constant time. */
export function isSameCsrf(given: string, expected: string): boolean {
  const [left, right] = [digestOf(given), digestOf(expected)]
  return timingSafeEqual(left, right)
}

function random(): string {
  return randomBytes(32).toString('base64url')
}

/** Names a session in lists; it opens nothing. */
function newId(): string {
  return `ses_${randomBytes(10).toString('hex')}`
}

function digestOf(text: string): Buffer {
  return createHash('sha256').update(text).digest()
}
