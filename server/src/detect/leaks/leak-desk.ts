import { hash } from 'node:crypto'
import { setTimeout as after } from 'node:timers/promises'
import { parseToken, type Milliseconds } from 'tokentrail'
import type { Clock } from '../../clock.ts'
import type { Log } from '../../config/log.ts'
import { TrailError } from '../../errors.ts'
import type { Ask } from '../../query/ask.ts'
import type { Actor, Records, TokenRecord } from '../../records/records.ts'
import type { LeakRecord, LeakState, Reporter } from '../../records/responses.ts'
import { createDigests, digestOfBytes, FOREIGN_SCHEMES, isSameDigest, type Digests } from '../../tokens/digests.ts'
import type { Peppers } from '../../tokens/peppers.ts'
import { usesSince, type UsesSince } from './uses-since.ts'

export interface LeakDeskParts {
  readonly records: Records
  readonly ask: Ask
  readonly clock: Clock
  readonly peppers: Peppers
  readonly log: Log
  /** How long an answer to a reporter takes at least: known and unknown take the same. */
  readonly answerMs?: number
}

/** What somebody found: the text itself, the SHA-256 of it, or a public id. */
export type Found = { readonly text: string } | { readonly sha256: string } | { readonly id: string }

export interface LeakReport {
  readonly what: Found
  readonly url: string | null
  readonly exposedAt: Milliseconds | null
  readonly reporter: Reporter
  readonly partner: string | null
  readonly note: string | null
}

/** Where leaked tokens are reported, and what became of them. */
export interface LeakDesk {
  /** Takes a report. A text is digested at once and forgotten. */
  report(tenantNo: number, report: LeakReport, actor: Actor): Promise<LeakRecord>
  /** Uses since the exposure; null where no token is known. */
  uses(leak: LeakRecord): Promise<UsesSince | null>
  judge(
    tenantNo: number,
    id: string,
    state: Exclude<LeakState, 'reported'>,
    note: string | null,
    actor: Actor,
  ): Promise<LeakRecord>
  /** Hears of each token that is public, those of before first. Hearing it twice changes nothing. */
  onExposed(listener: Exposed): void
  close(): void
}

type Exposed = (tokenNo: number, at: Milliseconds) => void

const ANSWER_MS = 300
/** Leaks that changed so recently are told to detection again: it may have started anew, and imports match old reports. */
const AGAIN_MS = 600_000
const TICK_MS = 30_000
const EXPOSURES_MAX = 20_000
/** No leak is older: tokens did not live then. */
const AGE_MS_MAX = 3660 * 86_400_000

/** Opens the desk. */
export function createLeakDesk(parts: LeakDeskParts): LeakDesk {
  const { records, clock, log, answerMs = ANSWER_MS } = parts
  const digests = createDigests(parts.peppers)
  const timer = setInterval(() => void tellDetection(clock.now() - AGAIN_MS), TICK_MS).unref()
  const listeners = new Set<Exposed>()

  const tell: Exposed = (tokenNo, at) => {
    for (const listener of listeners) listener(tokenNo, at)
  }

  async function tellDetection(since: Milliseconds): Promise<void> {
    try {
      for (const { tokenNo, at } of await records.read.exposures(since, EXPOSURES_MAX)) tell(tokenNo, at)
    } catch (error) {
      log.warn({ err: error }, 'detection could not be told of leaked tokens; it is at the next tick')
    }
  }

  async function keep(tenantNo: number, report: LeakReport, actor: Actor): Promise<LeakRecord> {
    const at = clock.now()
    const { url, reporter, partner, note } = report
    const { token, proven, sha256, sha512 } = await match(records, digests, tenantNo, report)
    const exposedAt = exposedAtOf(report, at)
    const leak = { tokenNo: token?.no ?? null, sha256, sha512, url, reporter, partner, proven, exposedAt, note }
    const kept = await records.act('reportLeak', { tenantNo: token?.tenantNo ?? tenantNo, leak, at, actor })
    if (token && kept.leak.state !== 'dismissed') tell(token.no, kept.leak.exposedAt)
    return kept.leak
  }

  return {
    async report(tenantNo, report, actor) {
      const [kept] = await Promise.allSettled([keep(tenantNo, report, actor), after(answerMs)])
      if (kept.status === 'rejected') throw kept.reason
      return kept.value
    },
    async uses(leak) {
      const [token] = leak.tokenNo === null ? [] : await records.read.tokensByNo([leak.tokenNo])
      return token?.tenantNo === leak.tenantNo ? usesSince(parts.ask, token, leak.exposedAt, clock.now()) : null
    },
    judge: (tenantNo, id, state, note, actor) => records.act('judgeLeak', { tenantNo, id, state, note, at: clock.now(), actor }),
    onExposed(listener) {
      listeners.add(listener)
      void tellDetection(0)
    },
    close: () => clearInterval(timer),
  }
}

interface Match {
  readonly token: TokenRecord | null
  readonly proven: boolean
  readonly sha256: string | null
  readonly sha512: string | null
}

/** Finds the token of a report. A partner names no tenant: the text finds its own. */
async function match(records: Records, digests: Digests, tenantNo: number, report: LeakReport): Promise<Match> {
  const { what } = report
  const isHere = (token: TokenRecord | null) => (report.reporter === 'partner' || token?.tenantNo === tenantNo ? token : null)
  if ('id' in what) {
    const token = await records.read.token(tenantNo, what.id)
    if (!token) throw new TrailError('not_found', 'There is no token of this id here.', { input: '/id' })
    return { token, proven: false, sha256: null, sha512: null }
  }
  if ('sha256' in what) {
    const bytes = Buffer.from(what.sha256, 'hex')
    const token = isHere(
      await foreignToken(records, tenantNo, [
        ['sha256:hex', bytes],
        ['sha256:base64', bytes],
      ]),
    )
    return { token, proven: false, sha256: what.sha256, sha512: null }
  }
  const bytes = { sha256: hash('sha256', what.text, 'buffer'), sha512: hash('sha512-256', what.text, 'buffer') }
  const [own, foreign] = await Promise.all([
    ownToken(records, digests, tenantNo, what.text),
    foreignToken(
      records,
      tenantNo,
      FOREIGN_SCHEMES.map((scheme) => [scheme, scheme === 'sha512-256' ? bytes.sha512 : bytes.sha256]),
    ),
  ])
  const token = isHere(own ?? foreign)
  return { token, proven: token !== null, sha256: bytes.sha256.toString('hex'), sha512: bytes.sha512.toString('hex') }
}

/** A token of our own form, if the text is really its. */
async function ownToken(records: Records, digests: Digests, tenantNo: number, text: string): Promise<TokenRecord | null> {
  const [, id = '', rest = ''] = /^[A-Za-z]\w{0,31}_([0-9A-Za-z]{16})_([0-9A-Za-z]{6,49})$/.exec(text) ?? []
  const token = id === '' ? null : await records.read.tokenByPublicId(id, tenantNo)
  const tenant = token && (await records.read.tenant(token.tenantNo))
  const read = tenant ? parseToken(text, tenant.prefixes) : 'malformed'
  const digest = token && typeof read !== 'string' ? digests.of(token.scheme, read.secret) : undefined
  const isProven =
    rest.length === 49 && digest !== undefined && token?.digest && isSameDigest(digest, digestOfBytes(token.digest))
  return isProven ? token : null
}

async function foreignToken(
  records: Records,
  tenantNo: number,
  some: readonly (readonly [scheme: (typeof FOREIGN_SCHEMES)[number], digest: Uint8Array])[],
): Promise<TokenRecord | null> {
  const found = await Promise.all(some.map(([scheme, digest]) => records.read.tokenByDigest(scheme, digest, tenantNo)))
  return found.find((token) => token !== null) ?? null
}

function exposedAtOf({ exposedAt }: LeakReport, at: Milliseconds): Milliseconds {
  if (exposedAt === null) return at
  if (exposedAt <= at && exposedAt > at - AGE_MS_MAX) return exposedAt
  throw new TrailError('time_invalid', 'since: a leak became public in the past, at most ten years ago.', { input: '/since' })
}
