import type { Milliseconds } from 'tokentrail'
import type { Tenant, TokenRecord } from '../records/records.ts'
import { digestOfBytes, type Digest } from './digests.ts'

/** What differs from token to token. The rest is shared by all tokens that agree in it, so a million fit in memory. */
type Own =
  | 'no'
  | 'id'
  | 'name'
  | 'ownerNo'
  | 'ownerId'
  | 'metadata'
  | 'issuedAt'
  | 'knownSince'
  | 'expiresAt'
  | 'familyNo'
  | 'version'
type Shared = Omit<TokenRecord, Own>

/** A token at hand. Its secret is proven against `proof`: the text's SHA-256 once a text was proven, until then the stored digest. */
export interface KnownToken extends Pick<TokenRecord, Own> {
  readonly shared: Shared
  readonly tenant: Tenant
  readonly readAt: Milliseconds
  proof: Digest
  isTextProof: boolean
  /** Used since the hand of the clock last passed. */
  isUsed: boolean
}

/** The tokens of the hot path: bounded, forgetting first what was not used. Only tokens that exist get in. */
export interface KnownTokens {
  get(key: string): KnownToken | undefined
  /** Keeps a token under its public id, or under the digest of its text where that is foreign. */
  put(key: string, token: TokenRecord, tenant: Tenant, readAt: Milliseconds): KnownToken
  forget(no: number, id: string): void
  clear(): void
  size(): number
  /** Whether tokens with foreign texts are among them. */
  hasForeign(): boolean
}

/** Makes a cache of at most `countMax` tokens. */
export function createKnownTokens(countMax: number): KnownTokens {
  const tokens = new Map<string, KnownToken>()
  const foreignKeys = new Map<number, string>()
  const share = createShare()

  /** Second chance: what was used since the last visit moves to the end, the first that was not goes. */
  function makeRoom(): void {
    let chances = CHANCES_MAX
    for (const [key, token] of tokens) {
      tokens.delete(key)
      if (!token.isUsed || chances-- === 0) {
        foreignKeys.delete(token.no)
        return
      }
      token.isUsed = false
      tokens.set(key, token)
    }
  }

  return {
    get: (key) => tokens.get(key),
    put(key, token, tenant, readAt) {
      if (!tokens.has(key) && tokens.size >= countMax) makeRoom()
      const known = pack(token, share(token), tenant, readAt)
      tokens.set(key, known)
      if (key !== token.id) foreignKeys.set(token.no, key)
      return known
    },
    forget(no, id) {
      const key = foreignKeys.get(no) ?? id
      if (tokens.get(key)?.no === no) tokens.delete(key)
      foreignKeys.delete(no)
    },
    clear() {
      tokens.clear()
      foreignKeys.clear()
    },
    size: () => tokens.size,
    hasForeign: () => foreignKeys.size > 0,
  }
}

/** The whole record again, without digest and salt: they never leave the door. */
export function recordOf(known: KnownToken): TokenRecord {
  const { shared } = known
  return {
    no: known.no,
    tenantNo: shared.tenantNo,
    id: known.id,
    kind: shared.kind,
    prefix: shared.prefix,
    name: known.name,
    ownerNo: known.ownerNo,
    ownerId: known.ownerId,
    ownerDisabled: shared.ownerDisabled,
    environment: shared.environment,
    scheme: shared.scheme,
    digest: null,
    salt: null,
    scopes: shared.scopes,
    metadata: known.metadata,
    cidrs: shared.cidrs,
    origins: shared.origins,
    methods: shared.methods,
    issuedAt: known.issuedAt,
    knownSince: known.knownSince,
    issuedAtKnown: shared.issuedAtKnown,
    notBefore: shared.notBefore,
    expiresAt: known.expiresAt,
    usesMax: shared.usesMax,
    usesLeft: shared.usesLeft,
    rateLimit: shared.rateLimit,
    action: shared.action,
    resource: shared.resource,
    attemptsMax: shared.attemptsMax,
    attemptsUsed: shared.attemptsUsed,
    channel: shared.channel,
    sentAt: shared.sentAt,
    generation: shared.generation,
    familyNo: known.familyNo,
    predecessorNo: shared.predecessorNo,
    successorNo: shared.successorNo,
    graceUntil: shared.graceUntil,
    suspendedAt: shared.suspendedAt,
    suspendedUntil: shared.suspendedUntil,
    throttle: shared.throttle,
    endedAt: shared.endedAt,
    ending: shared.ending,
    endingReason: shared.endingReason,
    endedByWriter: shared.endedByWriter,
    endedBySeq: shared.endedBySeq,
    endedNetwork: shared.endedNetwork,
    endedClientHash: shared.endedClientHash,
    canary: shared.canary,
    simulated: shared.simulated,
    observed: shared.observed,
    role: shared.role,
    version: known.version,
  }
}

const CHANCES_MAX = 16
const SHARES_MAX = 4096
const NO_METADATA: TokenRecord['metadata'] = Object.freeze({})

function pack(token: TokenRecord, shared: Shared, tenant: Tenant, readAt: Milliseconds): KnownToken {
  return {
    no: token.no,
    id: token.id,
    name: token.name,
    ownerNo: token.ownerNo,
    ownerId: token.ownerId,
    metadata: Object.keys(token.metadata).length === 0 ? NO_METADATA : token.metadata,
    issuedAt: token.issuedAt,
    knownSince: token.knownSince,
    expiresAt: token.expiresAt,
    familyNo: token.familyNo,
    version: token.version,
    shared,
    tenant,
    readAt,
    proof: token.digest ? digestOfBytes(token.digest) : '',
    isTextProof: false,
    isUsed: false,
  }
}

/** Gives one object for all tokens that agree in everything but what is their own. */
function createShare(): (token: TokenRecord) => Shared {
  const shares = new Map<string, Shared>()
  return (token) => {
    const shared = { ...token, ...NOT_SHARED }
    const key = JSON.stringify({ ...shared, endedNetwork: String(shared.endedNetwork) })
    const known = shares.get(key)
    if (known) return known
    if (shares.size >= SHARES_MAX) shares.clear()
    shares.set(key, shared)
    return shared
  }
}

const NOT_SHARED = {
  no: 0,
  id: '',
  name: null,
  ownerNo: 0,
  ownerId: '',
  metadata: NO_METADATA,
  issuedAt: 0,
  knownSince: 0,
  expiresAt: null,
  familyNo: 0,
  version: 0,
  digest: null,
  salt: null,
} as const satisfies Partial<TokenRecord>
