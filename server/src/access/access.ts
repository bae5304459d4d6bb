import type { Clock } from '../clock.ts'
import type { Log } from '../config/log.ts'
import { TrailError } from '../errors.ts'
import type { Journal } from '../journal/journal.ts'
import type { Privacy } from '../privacy/privacy.ts'
import type { Records, Role, TokenRecord } from '../records/records.ts'
import type { Door } from '../tokens/door.ts'
import type { Issuer } from '../tokens/issuer.ts'
import { sourceKey } from '../tokens/limits.ts'
import type { KeyEncryption } from '../privacy/wrap.ts'
import { type AccessEvents, type ReadingRefusal, type SignInMethod, type ViewType, createAccessEvents } from './access-events.ts'
import { createBearer, publicIdOf } from './bearer.ts'
import type { Caller } from './caller.ts'
import { createLastKnown } from './last-known.ts'
import { isLiving } from './living.ts'
import type { SharedLimits } from './limiters.ts'
import { type ReadingBudget, createReadingBudget } from './limits.ts'
import { READING_LIMITS, type ReadingLimits } from './reading-limits.ts'
import { createLockout } from './lockout.ts'
import { authorize, type Decision, holdsRole } from './authorize.ts'
import { createFactorGuard } from './factor-guard.ts'
import type { Permission } from './permissions.ts'
import { type Principal, hasRole, principalOf, type TokenOfRole } from './principal.ts'
import { createSecondFactors, type SecondFactors } from './second-factor.ts'
import type { Separation } from './separation.ts'
import { createStandings } from './standing.ts'
import { TABLE } from './table.ts'
import { type Session, type SessionTimes, createSessions, isSameCsrf } from './sessions.ts'
import { type SignInLink, createSignInLinks } from './sign-in-links.ts'

/** What came with a request to say who it is. */
export interface Credentials {
  readonly authorization: string | undefined
  readonly cookie: string | undefined
  /** Basic with public id and token: for OAuth clients only. */
  readonly basic?: boolean
}

/** With what somebody signs in: an access token with a role, or the code of a one-time link. */
type SignInBy = { readonly token: string } | { readonly code: string }

/** A principal and how it was known. */
export type Identity = (
  | { readonly principal: Principal; readonly session?: undefined; readonly cookie?: undefined }
  | { readonly principal: Principal; readonly session: Session; readonly cookie: string }
) & {
  /** Records could not be read: this is who it was the last time. */
  readonly remembered?: true
}

/** The one place that says who calls and what they may do. */
export interface Access {
  /** With `emergency`, who was admitted lately is still known while records cannot be read. */
  authenticate(credentials: Credentials, caller: Caller, o?: { readonly emergency?: boolean }): Promise<Identity>
  /** The identity was admitted to what it asked for. */
  admitted(credentials: Credentials, caller: Caller, identity: Identity): void
  /** Throws `factor_missing`, `factor_wrong` where the action, or the role, asks for a second factor that was not proven (lately). */
  requireFactor(identity: Identity, permission: Permission, code: string | undefined, caller: Caller): Promise<void>
  /** Throws `not_permitted`, and notes a refused reading, unless the role has the permission. */
  require(principal: Principal, permission: Permission, caller: Caller): void
  permits(principal: Principal, permission: Permission): boolean
  /** Every permission of the principal, for the dashboard to know what to show. */
  permissionsOf(principal: Principal): readonly Permission[]
  /** How far the principal reaches, whose tokens, and what period. */
  decide(principal: Principal, permission: Permission): Decision
  /** Has it the role? While separation of duties is waived an admin stands for every role of people. */
  hasRole(principal: Principal, role: Role): boolean
  /** Is the identity behind an open stream still good, with these permissions as they were? */
  isStillGood(identity: Identity, permissions?: readonly Permission[]): Promise<boolean>
  /** Calls when anything about the rights of the identity may have changed, before the change is answered. */
  onRightsChange(identity: Identity, listener: () => void): () => void
  separation(): Promise<Separation>
  /** Throws `csrf_refused` unless a write by session carries the session's own value. */
  requireCsrf(session: Session, given: string | undefined): void
  /** With a code of the second factor, where it is given; else the session may ask for it later. */
  signIn(by: SignInBy, caller: Caller, code?: string): Promise<Session & { readonly cookie: string }>
  /** Proves the second factor; by session under a new id, which the answer carries. */
  stepUp(identity: Identity, code: string, caller: Caller): Promise<(Session & { readonly cookie: string }) | undefined>
  readonly factors: SecondFactors
  signOut(identity: Identity, caller: Caller): Promise<void>
  /** Notes that a session was ended by its list. */
  noteSignOut(principal: Principal, caller: Caller): void
  signInLink(principal: Pick<Principal, 'tenantNo' | 'tokenId' | 'actor'>, tokenId?: string): Promise<SignInLink>
  readonly budget: ReadingBudget
  noteRefusal(principal: Principal, reason: ReadingRefusal, caller: Caller): void
  /** Notes that somebody looked at something. */
  noteView(principal: Principal, type: ViewType, what: Readonly<Record<string, unknown>>, caller: Caller): void
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
  /** Seals secrets of second factors. */
  readonly kek: KeyEncryption
  readonly limits?: Partial<ReadingLimits>
  /** Where several servers count together. */
  readonly sharedLimits?: SharedLimits
  readonly sessionTimes?: SessionTimes
}

const ACTIONS = Object.keys(TABLE) as Permission[]
const LOCKOUT = { windowMs: 15 * 60_000, keysMax: 20_000 }
const FAILURES_MAX_PER_TOKEN = 5
const FAILURES_MAX_PER_SOURCE = 20

export function createAccess(options: AccessOptions): Access {
  const { records, clock, installTenantNo } = options
  const bearer = createBearer(options)
  const standings = createStandings(options)
  const identify = async (record: TokenOfRole, via: Principal['via']): Promise<Principal> =>
    principalOf(record, via, await standings.of(record.no), clock.now())
  const sessions = createSessions({
    records,
    clock,
    principalOf: (record) => identify(record, 'session'),
    ...(options.sessionTimes ? { times: options.sessionTimes } : {}),
  })
  const links = createSignInLinks(options)
  const events = createAccessEvents(options)
  const guard = createSignInGuard(clock, events, installTenantNo)
  const factors = createSecondFactors(options)
  const lastKnown = createLastKnown(options)
  const factorGuard = createFactorGuard({ factors, clock })
  const decide = (principal: Principal, permission: Permission): Decision =>
    authorize(principal, permission, {}, { installTenantNo })

  async function bySession(cookie: string): Promise<Identity> {
    const session = await sessions.find(cookie)
    if (!session) throw new TrailError('not_authenticated', 'The session is over. Sign in again.')
    return { principal: session.principal, session, cookie }
  }

  async function tokenFor(by: SignInBy, caller: Caller): Promise<TokenRecord> {
    if ('code' in by) return links.redeem(by.code, caller)
    const { no } = await bearer.authenticate(by.token, caller)
    const record = await records.read.tokenByNo(no)
    if (!record) throw new TrailError('not_authenticated', 'The token is gone.')
    return record
  }

  async function openSession(record: TokenRecord, code: string | undefined) {
    if (!hasRole(record) || !isLiving(record, clock.now()))
      throw new TrailError('not_authenticated', 'The token behind the link is over.')
    const principal = await identify(record, 'session')
    if (!decide(principal, 'session:own').allowed) {
      throw new TrailError(
        'not_permitted',
        `Tokens with the role ${principal.role} are for services and cannot open the dashboard.`,
      )
    }
    if (code !== undefined) await factors.prove(principal, code)
    return sessions.open(record, principal.actor, code === undefined ? null : clock.now())
  }

  async function authenticate(credentials: Credentials, caller: Caller): Promise<Identity> {
    if (credentials.cookie !== undefined) return bySession(credentials.cookie)
    return { principal: await identify(await bearer.authenticate(tokenIn(credentials), caller), 'bearer') }
  }

  return {
    async authenticate(credentials, caller, { emergency = false } = {}) {
      if (credentials.authorization !== undefined && credentials.cookie !== undefined) {
        throw new TrailError('credential_twice', 'Send either `Authorization` or the session cookie, not both.', {
          input: 'authorization',
        })
      }
      const now = (): Promise<Identity> => authenticate(credentials, caller)
      return emergency ? lastKnown.orElse(credentials, caller, now) : now()
    },
    admitted(credentials, caller, identity) {
      if (decide(identity.principal, 'tokens:deny').allowed) lastKnown.keep(credentials, caller, identity)
    },
    decide,
    permissionsOf: (principal) => ACTIONS.filter((action) => decide(principal, action).allowed),
    permits: (principal, permission) => decide(principal, permission).allowed,
    hasRole: holdsRole,
    require(principal, permission, caller) {
      if (decide(principal, permission).allowed) return
      if (permission.endsWith(':read')) events.readingRefused(principal, 'role_missing', caller)
      throw new TrailError(
        'not_permitted',
        `The role ${principal.role} lacks the permission ${permission}. Use a token whose role has it.`,
      )
    },
    requireFactor: factorGuard.require,
    async isStillGood(identity, permissions = []) {
      if (identity.cookie !== undefined && !(await sessions.isOpen(identity.cookie))) return false
      const record = await records.read.tokenByNo(identity.principal.tokenNo)
      if (!record || !hasRole(record) || !isLiving(record, clock.now())) return false
      const now = await identify(record, identity.principal.via)
      return permissions.every((name) => decide(now, name).reach === decide(identity.principal, name).reach)
    },
    onRightsChange: ({ principal }, listener) => standings.onChange(principal.tokenNo, listener),
    separation: standings.separation,
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
    signIn: (by, caller, code) => guard(by, caller, async () => openSession(await tokenFor(by, caller), code)),
    async stepUp(identity, code, caller) {
      await factors.prove(identity.principal, code)
      if (identity.cookie !== undefined) return sessions.stepUp(identity.cookie)
      factorGuard.noteProof(identity, caller)
      return undefined
    },
    factors,
    async signOut(identity, caller) {
      if (identity.cookie === undefined) return
      await sessions.end(identity.cookie)
      events.signedOut(identity.principal, caller)
    },
    noteSignOut: events.signedOut,
    signInLink: links.create,
    budget: createReadingBudget(
      { ...READING_LIMITS, ...options.limits },
      { clock, ...(options.sharedLimits ? { shared: options.sharedLimits } : {}) },
    ),
    noteRefusal: events.readingRefused,
    noteView: events.viewed,
    close() {
      bearer.close()
      standings.close()
      lastKnown.close()
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
