import type { Clock } from '../clock.ts'
import type { Log } from '../config/log.ts'
import { TrailError } from '../errors.ts'
import type { Journal } from '../journal/journal.ts'
import type { Privacy } from '../privacy/privacy.ts'
import type { Records, TokenRecord } from '../records/records.ts'
import type { Door } from '../tokens/door.ts'
import type { Issuer } from '../tokens/issuer.ts'
import { sourceKey } from '../tokens/limits.ts'
import { type AccessEvents, type ReadingRefusal, type SignInMethod, createAccessEvents } from './access-events.ts'
import { createBearer, publicIdOf } from './bearer.ts'
import type { Caller } from './caller.ts'
import { isLiving } from './living.ts'
import { type ReadingBudget, READING_LIMITS, type ReadingLimits, createReadingBudget } from './limits.ts'
import { createLockout } from './lockout.ts'
import type { Permission } from './permissions.ts'
import { type Principal, hasRole, isPermitted, principalOf } from './principal.ts'
import { type Session, type SessionTimes, createSessions, isSameCsrf } from './sessions.ts'
import { type SignInLink, createSignInLinks } from './sign-in-links.ts'

/** What came with a request to say who it is. */
interface Credentials {
  readonly authorization: string | undefined
  readonly cookie: string | undefined
  /** Basic with public id and token: for OAuth clients only. */
  readonly basic?: boolean
}

/** With what somebody signs in: an access token with a role, or the code of a one-time link. */
type SignInBy = { readonly token: string } | { readonly code: string }

/** A principal and how it was known. */
export type Identity =
  | { readonly principal: Principal; readonly session?: undefined; readonly cookie?: undefined }
  | { readonly principal: Principal; readonly session: Session; readonly cookie: string }

/** The one place that says who calls and what they may do. */
export interface Access {
  authenticate(credentials: Credentials, caller: Caller): Promise<Identity>
  /** Throws `not_permitted`, and notes a refused reading, unless the role has the permission. */
  require(principal: Principal, permission: Permission, caller: Caller): void
  permits(principal: Principal, permission: Permission): boolean
  /** Is the identity behind an open stream still good? */
  isStillGood(identity: Identity): Promise<boolean>
  /** Throws `csrf_refused` unless a write by session carries the session's own value. */
  requireCsrf(session: Session, given: string | undefined): void
  signIn(by: SignInBy, caller: Caller): Promise<Session & { readonly cookie: string }>
  signOut(identity: Identity, caller: Caller): Promise<void>
  signInLink(principal: Pick<Principal, 'tenantNo' | 'tokenId' | 'actor'>, tokenId?: string): Promise<SignInLink>
  readonly budget: ReadingBudget
  noteRefusal(principal: Principal, reason: ReadingRefusal, caller: Caller): void
  close(): void
}

export interface AccessOptions {
  readonly records: Records
  readonly door: Door
  readonly issuer: Issuer
  readonly journal: Journal
  readonly privacy: Privacy
  readonly clock: Clock
  readonly log: Log
  /** Number of the tenant `default`: its principals also see the installation. */
  readonly installTenantNo: number
  readonly limits?: Partial<ReadingLimits>
  readonly sessionTimes?: SessionTimes
}

const LOCKOUT = { windowMs: 15 * 60_000, keysMax: 20_000 }
const FAILURES_MAX_PER_TOKEN = 5
const FAILURES_MAX_PER_SOURCE = 20

export function createAccess(options: AccessOptions): Access {
  const { records, clock, installTenantNo } = options
  const bearer = createBearer(options)
  const sessions = createSessions({ records, clock, ...(options.sessionTimes ? { times: options.sessionTimes } : {}) })
  const links = createSignInLinks(options)
  const events = createAccessEvents(options)
  const guard = createSignInGuard(clock, events, installTenantNo)

  async function bySession(cookie: string): Promise<Identity> {
    const session = await sessions.find(cookie)
    if (!session) throw new TrailError('not_authenticated', 'The session is over. Sign in again.')
    return { principal: session.principal, session, cookie }
  }

  async function tokenFor(by: SignInBy, caller: Caller): Promise<TokenRecord> {
    if ('code' in by) return links.redeem(by.code, caller)
    const principal = await bearer.authenticate(by.token, caller)
    const record = await records.read.tokenByNo(principal.tokenNo)
    if (!record) throw new TrailError('not_authenticated', 'The token is gone.')
    return record
  }

  return {
    async authenticate(credentials, caller) {
      if (credentials.authorization !== undefined && credentials.cookie !== undefined) {
        throw new TrailError('credential_twice', 'Send either `Authorization` or the session cookie, not both.', {
          input: 'authorization',
        })
      }
      if (credentials.cookie !== undefined) return bySession(credentials.cookie)
      return { principal: await bearer.authenticate(tokenIn(credentials), caller) }
    },
    permits: (principal, permission) => isPermitted(principal, permission, installTenantNo),
    require(principal, permission, caller) {
      if (isPermitted(principal, permission, installTenantNo)) return
      if (permission.endsWith(':read')) events.readingRefused(principal, 'role_missing', caller)
      throw new TrailError(
        'not_permitted',
        `The role ${principal.role} lacks the permission ${permission}. Use a token whose role has it.`,
      )
    },
    async isStillGood(identity) {
      if (identity.cookie !== undefined) return sessions.isOpen(identity.cookie)
      const record = await records.read.tokenByNo(identity.principal.tokenNo)
      return record !== null && record.role === identity.principal.role && isLiving(record, clock.now())
    },
    requireCsrf(session, given) {
      if (given !== undefined && isSameCsrf(given, session.csrf)) return
      throw new TrailError(
        'csrf_refused',
        'A write by session must carry the header x-csrf-token with the value of GET /v1/session.',
        {
          input: 'x-csrf-token',
        },
      )
    },
    signIn: (by, caller) =>
      guard(by, caller, async () => {
        const record = await tokenFor(by, caller)
        if (!hasRole(record) || !isLiving(record, clock.now()))
          throw new TrailError('not_authenticated', 'The token behind the link is over.')
        const principal = principalOf(record, 'session')
        if (!isPermitted(principal, 'session:own', installTenantNo)) {
          throw new TrailError(
            'not_permitted',
            `Tokens with the role ${principal.role} are for services and cannot open the dashboard.`,
          )
        }
        return sessions.open(record, principal.actor)
      }),
    async signOut(identity, caller) {
      if (identity.cookie === undefined) return
      await sessions.end(identity.cookie)
      events.signedOut(identity.principal, caller)
    },
    signInLink: links.create,
    budget: createReadingBudget({ ...READING_LIMITS, ...options.limits }),
    noteRefusal: events.readingRefused,
    close() {
      bearer.close()
      events.close()
    },
  }
}

type SignInGuard = <T>(by: SignInBy, caller: Caller, attempt: () => Promise<T>) => Promise<T>

/** Holds sign-in back after failures, by source and by source and claimed token, so nobody locks out somebody elsewhere. */
function createSignInGuard(clock: Clock, events: AccessEvents, installTenantNo: number): SignInGuard {
  const byToken = createLockout({ clock, failuresMax: FAILURES_MAX_PER_TOKEN, ...LOCKOUT })
  const bySource = createLockout({ clock, failuresMax: FAILURES_MAX_PER_SOURCE, ...LOCKOUT })

  return async (by, caller, attempt) => {
    const source = sourceKey(installTenantNo, caller.ip) ?? 'unknown'
    const claimed = `${source} ${publicIdOf('code' in by ? by.code : by.token)}`
    const waitMs = Math.max(byToken.waitMs(claimed), bySource.waitMs(source))
    if (waitMs > 0) throw lockedOut(waitMs)
    try {
      const result = await attempt()
      byToken.succeeded(claimed)
      return result
    } catch (error) {
      if (!(error instanceof TrailError) || error.code !== 'not_authenticated') throw error
      byToken.failed(claimed)
      bySource.failed(source)
      events.signInRejected(installTenantNo, methodOf(by), caller)
      throw new TrailError(
        'not_authenticated',
        'Sign-in was refused: the token or link is not valid here, was used before, or is over.',
      )
    }
  }
}

function methodOf(by: SignInBy): SignInMethod {
  return 'code' in by ? 'link' : 'token'
}

function lockedOut(waitMs: number): TrailError {
  return new TrailError('rate_limited', 'Too many failed sign-ins from here. Wait as long as Retry-After says.', {
    retryAfterSeconds: Math.ceil(waitMs / 1000),
  })
}

function tokenIn({ authorization, basic }: Credentials): string {
  if (authorization === undefined) throw new TrailError('not_authenticated', 'Send an access token as `Authorization: Bearer …`.')
  const bearer = /^Bearer +([\x21-\x7e]{1,512})$/i.exec(authorization)?.[1]
  const token = bearer ?? (basic ? passwordIn(authorization) : undefined)
  if (token !== undefined) return token
  throw new TrailError('not_authenticated', 'The header Authorization must be `Bearer` and a token.', { input: 'authorization' })
}

/** Basic: the name is the token's public id, the password its text (RFC 6749 §2.3.1). */
function passwordIn(authorization: string): string | undefined {
  const encoded = /^Basic +([A-Za-z0-9+/=]{1,1024})$/i.exec(authorization)?.[1]
  const [id, token] = Buffer.from(encoded ?? '', 'base64')
    .toString('utf8')
    .split(':')
  return token !== undefined && id === publicIdOf(token) ? token : undefined
}
