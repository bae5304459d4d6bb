import type { Milliseconds, TokenKind } from 'tokentrail'
import type { Actor, Records, TokenRecord } from '../records/records.ts'

/** What a row needs of a token. Numbers, owner and kind never change, so they may be remembered. */
export type KnownToken = Pick<TokenRecord, 'no' | 'id' | 'kind' | 'ownerNo' | 'generation' | 'observed' | 'canary' | 'simulated'>

/** A token that a line names as proven. */
export interface Sighting {
  readonly id: string
  readonly kind: TokenKind
  readonly ownerId: string
  readonly seenAt: Milliseconds
}

/** Numbers of tokens and actors, remembered within a bound. */
export interface KnownTokens {
  /** Tokens by id; those never seen before get a number and a row as observed. */
  observe(tenantNo: number, sightings: readonly Sighting[], at: Milliseconds): Promise<ReadonlyMap<string, KnownToken>>
  /** Tokens by id as far as they exist; what a text merely claims makes nothing. */
  find(tenantNo: number, ids: ReadonlySet<string>): Promise<ReadonlyMap<string, KnownToken>>
  /** Numbers of actors by their names. */
  actors(tenantNo: number, ids: ReadonlySet<string>, at: Milliseconds, actor: Actor): Promise<ReadonlyMap<string, number>>
}

const TOKENS_MAX = 50_000
const ACTORS_MAX = 5_000

export function createKnownTokens(records: Records): KnownTokens {
  const tokens = createCache<KnownToken>(TOKENS_MAX)
  const actorNos = createCache<number>(ACTORS_MAX)
  /** Somebody may have been erased: no name is remembered over that. */
  records.onChange((change) => {
    if (change === 'all') for (const cache of [tokens, actorNos]) cache.clear()
  })

  async function observe(
    tenantNo: number,
    sightings: readonly Sighting[],
    at: Milliseconds,
  ): Promise<ReadonlyMap<string, KnownToken>> {
    const found = new Map<string, KnownToken>()
    const missing = new Map<string, Sighting>()
    for (const sighting of sightings) {
      const known = tokens.get(tenantNo, sighting.id)
      if (known) found.set(sighting.id, known)
      else missing.set(sighting.id, earliest(missing.get(sighting.id), sighting))
    }
    if (missing.size === 0) return found
    for (const token of await records.act('observeTokens', { tenantNo, tokens: [...missing.values()], at })) {
      tokens.set(tenantNo, token.id, token)
      found.set(token.id, token)
    }
    return found
  }

  async function find(tenantNo: number, ids: ReadonlySet<string>): Promise<ReadonlyMap<string, KnownToken>> {
    const found = new Map<string, KnownToken>()
    for (const id of ids) {
      const known = tokens.get(tenantNo, id) ?? (await records.read.token(tenantNo, id))
      if (known) found.set(id, known)
    }
    return found
  }

  async function actors(
    tenantNo: number,
    ids: ReadonlySet<string>,
    at: Milliseconds,
    actor: Actor,
  ): Promise<ReadonlyMap<string, number>> {
    const found = new Map<string, number>()
    for (const id of ids) {
      const no = actorNos.get(tenantNo, id) ?? (await ownerNo(tenantNo, id, at, actor))
      actorNos.set(tenantNo, id, no)
      found.set(id, no)
    }
    return found
  }

  async function ownerNo(tenantNo: number, id: string, at: Milliseconds, actor: Actor): Promise<number> {
    return ((await records.read.owner(tenantNo, id)) ?? (await records.act('putOwner', { tenantNo, id, at, actor }))).no
  }

  return { observe, find, actors }
}

function earliest(before: Sighting | undefined, now: Sighting): Sighting {
  return before && before.seenAt <= now.seenAt ? before : now
}

interface Cache<Value> {
  get(tenantNo: number, id: string): Value | undefined
  set(tenantNo: number, id: string, value: Value): void
  clear(): void
}

/** The oldest entry makes room for a new one. */
function createCache<Value>(countMax: number): Cache<Value> {
  const values = new Map<string, Value>()
  const keyOf = (tenantNo: number, id: string): string => `${tenantNo} ${id}`
  return {
    get: (tenantNo, id) => values.get(keyOf(tenantNo, id)),
    set(tenantNo, id, value) {
      const oldest = values.size >= countMax ? values.keys().next().value : undefined
      if (oldest !== undefined) values.delete(oldest)
      values.set(keyOf(tenantNo, id), value)
    },
    clear: () => values.clear(),
  }
}
