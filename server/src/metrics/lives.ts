import type { Milliseconds } from 'tokentrail'
import type { Clock } from '../clock.ts'
import type { Records, TokenRecord } from '../records/records.ts'
import { type Apart, lifeOf, type TokenLife } from './life.ts'

/** Every life of a tenant, as the records stand now; canaries and simulated tokens are counted apart and not given. */
export interface Lives {
  readonly all: readonly TokenLife[]
  readonly apart: Readonly<Apart>
}

export type ReadLives = (tenantNo: number) => Promise<Lives>

const PAGE = 1000
const BATCH = 500
/** Tenants whose lives are kept, and lives of each; beyond, lives are read anew for every answer. */
const TENANTS_MAX = 8
const LIVES_MAX = 200_000
/** Changes that are read one by one. */
const DIRTY_MAX = 5000
/** Purges are not told as changes; so long may a purged token still be among the lives. */
const AGE_MS_MAX = 60_000

interface Kept {
  readonly byNo: Map<number, TokenLife | keyof Apart>
  readonly dirty: Set<number>
  readonly readAt: Milliseconds
  last: number
}

/** Reads lives once and then only what is new or has changed. */
export function createLives({ records, clock }: { readonly records: Records; readonly clock: Clock }): ReadLives {
  const tenants = new Map<number, Kept>()
  const underway = new Map<number, Promise<Lives>>()
  records.onChange((change) => {
    if (change === 'all') return tenants.clear()
    for (const [tenantNo, { dirty }] of tenants) {
      dirty.add(change.no)
      if (dirty.size > DIRTY_MAX) tenants.delete(tenantNo)
    }
  })

  async function read(tenantNo: number): Promise<Lives> {
    const kept = keptOf(tenantNo)
    try {
      await refresh(records, tenantNo, kept)
    } catch (error) {
      tenants.delete(tenantNo)
      throw error
    }
    if (kept.byNo.size > LIVES_MAX) tenants.delete(tenantNo)
    return livesIn(kept)
  }

  function keptOf(tenantNo: number): Kept {
    const known = tenants.get(tenantNo)
    if (known !== undefined && clock.now() - known.readAt < AGE_MS_MAX) return known
    const kept: Kept = { byNo: new Map(), dirty: new Set(), readAt: clock.now(), last: 0 }
    tenants.delete(tenantNo)
    for (const oldest of tenants.keys()) if (tenants.size >= TENANTS_MAX) tenants.delete(oldest)
    tenants.set(tenantNo, kept)
    return kept
  }

  /** One after the other, so that two readers never refresh the same lives at once. */
  return (tenantNo) => {
    const next = (underway.get(tenantNo) ?? Promise.resolve()).catch(() => undefined).then(() => read(tenantNo))
    underway.set(tenantNo, next)
    const forget = (): void => void (underway.get(tenantNo) === next && underway.delete(tenantNo))
    next.then(forget, forget)
    return next
  }
}

async function refresh({ read }: Records, tenantNo: number, kept: Kept): Promise<void> {
  const isSimulated = (await read.tenant(tenantNo))?.simulated ?? false
  const put = (token: TokenRecord): void => void kept.byNo.set(token.no, lifeOrApart(token, isSimulated))
  const dirty = [...kept.dirty]
  kept.dirty.clear()
  for (;;) {
    const page = await read.lives(tenantNo, { after: kept.last, limit: PAGE })
    page.forEach(put)
    const last = page.at(-1)
    if (last === undefined) break
    kept.last = last.no
  }
  for (let i = 0; i < dirty.length; i += BATCH) {
    const batch = dirty.slice(i, i + BATCH)
    const found = (await read.tokensByNo(batch)).filter((token) => token.tenantNo === tenantNo)
    const gone = new Set(batch)
    for (const token of found) {
      gone.delete(token.no)
      put(token)
    }
    for (const no of gone) kept.byNo.delete(no)
  }
}

function lifeOrApart(token: TokenRecord, isSimulatedTenant: boolean): TokenLife | keyof Apart {
  if (token.canary) return 'canaries'
  return token.simulated && !isSimulatedTenant ? 'simulated' : lifeOf(token)
}

function livesIn({ byNo }: Kept): Lives {
  const apart: Apart = { canaries: 0, simulated: 0 }
  const all: TokenLife[] = []
  for (const life of byNo.values()) {
    if (typeof life === 'string') apart[life]++
    else all.push(life)
  }
  return { all, apart }
}
