import type { Ask } from '../../query/ask.ts'
import type { Records, TokenRecord } from '../../records/records.ts'
import type { Clock } from '../../clock.ts'
import { blastRadiusOf, type BlastRadius } from '../desk/blast-radius.ts'

/** Above this share of the tenant's accepted traffic of 7 days, or this many tokens, two people decide. */
const SHARE_MAX = 0.01
const TOKENS_MAX = 10
/** Tokens whose blast radius stands in a proposal. */
const RADII_MAX = 10
const NAMES_MAX = 10

/** What would stop with one token, as it stood when a step was proposed. */
export interface Radius {
  readonly token: string
  readonly owner: string
  readonly otherTokens: number
  readonly services: readonly string[]
  readonly networks: readonly string[]
  readonly share7d: number | null
  readonly share28d: number | null
  readonly lastUsedAt: number | null
  readonly nextUse: BlastRadius['nextUse']
}

/** What is at stake with some tokens. */
export interface Stakes {
  readonly radii: readonly (Radius | { readonly token: string; readonly unknown: true })[]
  /** Why two people must decide; none: one may. */
  readonly fourEyes: readonly string[]
}

/** Looks at what some tokens carry. Where it cannot be known, two people decide. */
export async function stakesOf(
  parts: { readonly records: Records; readonly ask: Ask; readonly clock: Clock },
  tokens: readonly TokenRecord[],
): Promise<Stakes> {
  const radii: Stakes['radii'][number][] = []
  for (const { tenantNo, id } of tokens.slice(0, RADII_MAX)) {
    const radius = await blastRadiusOf(parts, tenantNo, id).catch(() => undefined)
    radii.push(radius ? shortened(radius) : { token: id, unknown: true })
  }
  const heavy = radii.filter((each) => 'share7d' in each && (each.share7d ?? 0) > SHARE_MAX).map(({ token }) => token)
  const fourEyes = [
    ...heavy.map((id) => `${id} carried more than ${SHARE_MAX * 100} % of the accepted traffic of 7 days`),
    ...(tokens.length > TOKENS_MAX ? [`more than ${TOKENS_MAX} tokens at once`] : []),
    ...(radii.some((each) => 'unknown' in each) ? ['what the token carries cannot be known at the moment'] : []),
  ]
  return { radii, fourEyes }
}

function shortened({ token, owner, services, networks, share7d, share28d, lastUsedAt, nextUse }: BlastRadius): Radius {
  return {
    token: token.id,
    owner: owner.id,
    otherTokens: owner.otherTokens,
    services: services.slice(0, NAMES_MAX).map(({ name }) => name),
    networks: [...new Set(networks.map(({ network }) => network))].slice(0, NAMES_MAX),
    share7d: share7d?.value ?? null,
    share28d: share28d?.value ?? null,
    lastUsedAt,
    nextUse,
  }
}
