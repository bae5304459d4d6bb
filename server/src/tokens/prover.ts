import { randomBytes } from 'node:crypto'
import { setImmediate } from 'node:timers/promises'
import { CACHE, parseToken, TOKEN_TAIL_CHARS, type DecisionReason, type Milliseconds, type TokenText } from 'tokentrail'
import type { Clock } from '../clock.ts'
import type { Log } from '../config/log.ts'
import type { Records, Tenant, TokenChange, TokenRecord } from '../records/records.ts'
import { CODE_SALT_BYTES, isSameCode, type CodeHash } from './code-hash.ts'
import { createCoherence } from './coherence.ts'
import { bytesOf, digestOfBytes, FOREIGN_SCHEMES, isSameDigest, sha256, type Digest, type Digests } from './digests.ts'
import { createKnownTokens, type KnownToken } from './known-tokens.ts'

/** A text whose token is proven, or a refusal with the token that the text names without proving it. */
export type Proof =
  | { readonly token: TokenRecord; readonly cache: number; readonly readAt: Milliseconds }
  | {
      readonly refusal: Extract<DecisionReason, 'unknown' | 'wrong_secret' | 'overload' | 'misconfigured'>
      readonly claimed: TokenRecord | null
    }

/** Proves which token a text is. */
export interface Prover {
  /** From the cache, at once; `undefined` when `lookUp` is needed. */
  known(text: string): KnownToken | undefined
  /**
   * From records. Every text of one form takes the same steps, whatever is found: one lookup, one hash of what was
   * presented, one comparison in constant time.
   */
  lookUp(text: string, read: TokenText | null, tenant: Tenant): Promise<Proof>
  /** Whether nothing was issued or changed since `begun`. */
  isQuiet(begun: number): boolean
  begin(): number
  changed(change: TokenChange): void
  warm(tenant: Tenant): Promise<number>
  size(): number
}

export function createProver(o: {
  readonly records: Pick<Records, 'read' | 'act' | 'feedIsFresh'>
  readonly digests: Digests
  readonly codes: CodeHash
  readonly clock: Clock
  readonly log: Log
  readonly cacheMax: number
  readonly tenantOf: (no: number) => Promise<Tenant | null>
}): Prover {
  const { records, digests } = o
  const coherence = createCoherence()
  const tokens = createKnownTokens(o.cacheMax)
  const rekeying = new Set<number>()
  let readingAhead = 0

  function known(text: string): KnownToken | undefined {
    const digest = sha256(text)
    const token = tokens.get(text.slice(ID_START, ID_END)) ?? (tokens.hasForeign() ? tokens.get(digest) : undefined)
    if (isSameDigest(digest, token?.isTextProof ? token.proof : NO_DIGEST) && token) return used(token)
    return provesStored(token, text) && token ? prove(token, digest) : undefined
  }

  /**
   * Proves the secret itself, for a token that was read ahead and whose scheme is today's; an older one is renewed on the
   * slow path. What is not there or not to be proven this way takes the same steps.
   */
  function provesStored(token: KnownToken | undefined, text: string): boolean {
    const read = parseToken(text, token?.tenant.prefixes)
    const presented = digests.of(digests.scheme, typeof read === 'string' ? text : read.secret)
    const stored = token && !token.isTextProof && token.shared.scheme === digests.scheme ? token.proof : NO_DIGEST
    if (!isSameDigest(presented ?? NO_DIGEST, stored) || !token) return false
    return typeof read === 'object' && read.prefix === token.shared.prefix && read.id === token.id
  }

  async function lookUp(text: string, read: TokenText | null, tenant: Tenant): Promise<Proof> {
    const begun = coherence.begin()
    const ours = read ? await lookUpOurs(read, tenant) : NOT_FOUND
    const found = 'token' in ours || !tenant.foreignTokens ? ours : await lookUpForeign(text, tenant, ours)
    if ('token' in found) await keep(begun, found.token, text, tenant)
    return found
  }

  async function lookUpOurs(read: TokenText, tenant: Tenant): Promise<Proof> {
    const token = ourForm(await inTime(records.read.tokenByPublicId(read.id, tenant.no)), read)
    if (read.form === 'code') return lookUpCode(read.secret, token)
    const presented = digests.of(token?.scheme ?? digests.scheme, read.secret)
    if (presented === undefined) return { refusal: 'misconfigured', claimed: token }
    const isProven = isSameDigest(presented, token?.digest ? digestOfBytes(token.digest) : NO_DIGEST)
    return outcome(token, isProven && token?.prefix === read.prefix)
  }

  async function lookUpCode(code: string, token: TokenRecord | null): Promise<Proof> {
    const presented = await o.codes.digest(code, token?.salt ?? NO_SALT)
    if (presented === undefined) return { refusal: 'overload', claimed: token }
    return outcome(token, isSameCode(presented, token?.digest ?? NO_CODE))
  }

  async function lookUpForeign(text: string, tenant: Tenant, otherwise: Proof): Promise<Proof> {
    let found: TokenRecord | null = null
    for (const scheme of FOREIGN_SCHEMES) {
      const digest = digests.of(scheme, text)
      if (digest !== undefined) found ??= await inTime(records.read.tokenByDigest(scheme, bytesOf(digest), tenant.no))
    }
    return found ? outcome(found, true) : otherwise
  }

  function outcome(token: TokenRecord | null, isProven: boolean): Proof {
    if (!token) return NOT_FOUND
    if (!isProven) return { refusal: 'wrong_secret', claimed: token }
    return { token, cache: records.feedIsFresh() ? CACHE.miss : CACHE.stale, readAt: o.clock.now() }
  }

  /** Caches a proven token under its text, and renews its digest when the pepper is no longer the newest. */
  async function keep(begun: number, token: TokenRecord, text: string, asked: Tenant): Promise<void> {
    if (token.scheme === 'scrypt') return
    const tenant = token.tenantNo === asked.no ? asked : await o.tenantOf(token.tenantNo)
    const isForeign = isForeignScheme(token)
    if (tenant && coherence.isFresh(begun, token)) {
      const digest = sha256(text)
      prove(tokens.put(isForeign ? digest : token.id, token, tenant, o.clock.now()), digest)
    }
    if (!isForeign && token.scheme !== digests.scheme && token.endedAt === null) rekey(token, text)
  }

  function rekey({ no, version }: TokenRecord, text: string): void {
    if (rekeying.has(no) || rekeying.size >= REKEYING_MAX) return
    const digest = digests.of(digests.scheme, text.slice(SECRET_START, SECRET_END))
    if (digest === undefined) return
    rekeying.add(no)
    records
      .act('rekeyToken', { no, version, scheme: digests.scheme, digest: bytesOf(digest) })
      .catch((error: unknown) =>
        o.log.warn({ err: error, tokenNo: no }, 'a digest could not be renewed; it is tried again at a later use'),
      )
      .finally(() => rekeying.delete(no))
  }

  /** Reads a token that was just issued or changed, so that its next use needs no lookup. */
  async function readAhead(no: number): Promise<void> {
    const begun = coherence.begin()
    const token = await records.read.tokenByNo(no)
    const tenant = token && (await o.tenantOf(token.tenantNo))
    if (tenant && coherence.isFresh(begun, token)) putAhead(token, tenant)
  }

  function putAhead(token: TokenRecord, tenant: Tenant): boolean {
    if (!token.digest || token.scheme === 'scrypt' || token.scheme === 'sha512-256') return false
    const isForeign = isForeignScheme(token)
    const known = tokens.put(isForeign ? digestOfBytes(token.digest) : token.id, token, tenant, o.clock.now())
    known.isTextProof = isForeign
    return true
  }

  return {
    known,
    lookUp,
    begin: coherence.begin,
    isQuiet: coherence.isQuiet,
    changed(change) {
      coherence.note(change)
      if (change === 'all') return tokens.clear()
      tokens.forget(change.no, change.id)
      if (readingAhead >= READING_AHEAD_MAX) return
      readingAhead++
      readAhead(change.no)
        .catch((error: unknown) =>
          o.log.warn({ err: error, tokenNo: change.no }, 'a changed token could not be read ahead; its next use reads it'),
        )
        .finally(() => readingAhead--)
    },
    async warm(tenant) {
      let count = 0
      let page: readonly TokenRecord[] = []
      do {
        const begun = coherence.begin()
        const before = page.at(-1)?.no
        page = await records.read.tokens(
          { tenantNo: tenant.no, kind: 'access' },
          { limit: PAGE, ...(before !== undefined && { before }) },
        )
        const living = page.filter((token) => token.endedAt === null && coherence.isFresh(begun, token))
        for (const token of living) if (tokens.size() < o.cacheMax && putAhead(token, tenant)) count++
        await setImmediate()
      } while (page.length === PAGE && tokens.size() < o.cacheMax)
      return count
    },
    size: tokens.size,
  }
}

/** Where id and secret stand in a text of our form, from its end. */
const ID_START = 1 - TOKEN_TAIL_CHARS
const ID_END = ID_START + 16
const SECRET_START = ID_END + 1
const SECRET_END = -6
const REKEYING_MAX = 64
const READING_AHEAD_MAX = 64
const PAGE = 1000
const LOOKUP_MS_MAX = 2000

/** What stands in for a token that is not there, random so that nothing equals it. */
const NO_DIGEST: Digest = randomBytes(32).toString('latin1')
const NO_SALT = randomBytes(CODE_SALT_BYTES)
const NO_CODE = randomBytes(32)
const NOT_FOUND: Proof = { refusal: 'unknown', claimed: null }

/** A lookup took longer than a validation may. */
export class LookupTimeout extends Error {
  override readonly name = 'LookupTimeout'
}

async function inTime<T>(lookup: Promise<T>): Promise<T> {
  let timer: NodeJS.Timeout | undefined
  const timeout = new Promise<never>((_, reject) => {
    timer = setTimeout(() => reject(new LookupTimeout(`no answer within ${LOOKUP_MS_MAX} ms`)), LOOKUP_MS_MAX)
  })
  try {
    return await Promise.race([lookup, timeout])
  } finally {
    clearTimeout(timer)
  }
}

function prove(token: KnownToken, digest: Digest): KnownToken {
  token.proof = digest
  token.isTextProof = true
  return used(token)
}

function used(token: KnownToken): KnownToken {
  if (!token.isUsed) token.isUsed = true
  return token
}

/** A row that a text of our form can prove: foreign and observed ones may carry any id. */
function ourForm(token: TokenRecord | null, read: TokenText): TokenRecord | null {
  if (!token?.digest || isForeignScheme(token)) return null
  return (token.scheme === 'scrypt') === (read.form === 'code') ? token : null
}

function isForeignScheme({ scheme }: TokenRecord): boolean {
  return (FOREIGN_SCHEMES as readonly string[]).includes(scheme)
}
