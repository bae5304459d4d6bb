import { createHash } from 'node:crypto'
import type { Milliseconds } from 'tokentrail'
import type { Clock } from '../clock.ts'
import type { Log } from '../config/log.ts'
import { TrailError } from '../errors.ts'
import type { Journal } from '../journal/journal.ts'
import type { Privacy } from '../privacy/privacy.ts'
import type { SubjectClass } from '../privacy/subject-classes.ts'
import type { SubjectKeys } from '../privacy/subject-keys.ts'
import type { Actor, Owner, Records } from '../records/records.ts'
import type { Erasure, Kept } from '../records/subjects.ts'
import { erasurePolicies } from './erasure-policy.ts'
import { dropOldParts, eraseFromStore, type ErasableStore } from './erase-from-store.ts'
import { keepLeaves } from './keep-leaves.ts'
import { dropSealedNaming } from './sealed-naming.ts'

/** What an erasure would do, to be shown to the second person. It names no one. */
export interface ErasurePlan {
  readonly ownerNo: number
  readonly classes: readonly string[]
  readonly keep: readonly Omit<Kept, 'keyIds'>[]
  readonly endTokens: boolean
}

/** Erases people: what names them goes, what counts stays, and every proof still verifies. */
export interface ErasureDesk {
  plan(tenantNo: number, ownerId: string, o: { endTokens: boolean }): Promise<ErasurePlan>
  /**
   * Resolves when mapping, keys, sealed values and texts in records are gone and every cache has been told; what stands in files is
   * overwritten behind it, also after a restart. `subject_held` under a hold: recorded, and nothing is changed.
   */
  erase(p: {
    tenantNo: number
    ownerId: string
    endTokens: boolean
    approval: string | null
    /** Canonical JSON of the plan that the approval names. */
    params: string
    ground: string
    actor: Actor
  }): Promise<Erasure>
  /** Resolves when an erasure is done, or after `timeoutMs`, with how it stands. */
  settled(tenantNo: number, id: string, timeoutMs: number): Promise<Erasure>
  /** Takes up what a crash cut off, and what other servers have begun; from now on `forget` makes detection forget. */
  start(forget: Forget): Promise<void>
  /** Lets go what a policy kept until now. */
  releaseDue(at: Milliseconds): Promise<number>
  close(): Promise<void>
}

export interface ErasureParts {
  readonly records: Records
  readonly subjectKeys: SubjectKeys
  readonly privacy: Pick<Privacy, 'renewDays' | 'reload'>
  readonly journal: Pick<Journal, 'flush' | 'shipped' | 'scrub' | 'position' | 'readers'>
  readonly store: ErasableStore
  readonly clock: Clock
  readonly log: Log
  /** Brings committed events into the journal. */
  readonly relay: { flush(): Promise<void> }
  /** Gives committed events their place in the log, so that their texts are sealed before names go. */
  readonly audit?: { flush(timeoutMs?: number): Promise<void> }
}

interface SubjectNumbers {
  readonly tenantNo: number
  readonly ownerNo: number
  readonly tokens: readonly number[]
}

/** Forgets what was learned of a subject; resolves when that is on disk. */
export type Forget = (subject: SubjectNumbers) => Promise<void>

/** Backups of keys are kept so long at most. */
export const KEY_BACKUP_DAYS_MAX = 30
const DAY_MS = 86_400_000
const SHIPPED_MS = 60_000
const AGAIN_MS = 30_000
const PASSED_MS = 120_000
const POLL_MS = 200
const SCRUBS_MAX = 50

export function createErasureDesk(parts: ErasureParts): ErasureDesk {
  const { records, subjectKeys, clock, log } = parts
  const closing = new AbortController()
  const running = new Map<string, Promise<void>>()
  const forget = Promise.withResolvers<Forget>()

  async function plan(tenantNo: number, ownerId: string, { endTokens }: { endTokens: boolean }): Promise<ErasurePlan> {
    const owner = await ownerOf(tenantNo, ownerId)
    const policies = await erasurePolicies(records.read, tenantNo)
    const now = clock.now()
    const keep = policies.flatMap(({ class: of, policy }) =>
      policy.policy === 'keep' && policy.until > now ? [{ class: of, until: policy.until, ground: policy.ground }] : [],
    )
    const classes = policies.map((each) => each.class).filter((of) => keep.every((kept) => kept.class !== of))
    return { ownerNo: owner.no, classes, keep, endTokens }
  }

  async function ownerOf(tenantNo: number, ownerId: string): Promise<Owner> {
    const owner = await records.read.owner(tenantNo, ownerId)
    if (owner) return owner
    throw new TrailError('not_found', 'There is no owner of this id here; one that was erased has none any more.', {
      input: 'owner',
    })
  }

  const erase: ErasureDesk['erase'] = async ({ tenantNo, ownerId, endTokens, approval, params, ground, actor }) => {
    const planned = await plan(tenantNo, ownerId, { endTokens })
    await refuseHeld(tenantNo, planned.ownerNo, actor)
    // what is under way about the subject is sealed under its keys before they go
    await parts.audit?.flush()
    const keys = await subjectKeys.of(tenantNo, planned.ownerNo)
    const keyIds = keys.filter((key) => planned.classes.includes(key.class)).map(({ id }) => id)
    const begun = await records.act('beginErasure', {
      tenantNo,
      ownerId,
      approval,
      params,
      ground,
      endTokens,
      classes: planned.classes,
      keyIds,
      keyDigest: digestOfKeys(keyIds),
      kept: planned.keep.map((kept) => ({ ...kept, keyIds: idsOf(keys, kept.class) })),
      deadFrom: clock.now() + KEY_BACKUP_DAYS_MAX * DAY_MS,
      at: clock.now(),
      actor,
    })
    await subjectKeys.destroy(keyIds)
    void run(begun)
    return begun
  }

  async function refuseHeld(tenantNo: number, ownerNo: number, actor: Actor): Promise<void> {
    const hold = await records.read.heldBy(tenantNo, { ownerNo })
    if (hold === null) return
    await records.act('refuseErasure', { tenantNo, ownerNo, because: `hold ${hold}`, at: clock.now(), actor })
    throw new TrailError('subject_held', `The hold ${hold} keeps what is about this owner. Two people can release it.`, {
      input: 'owner',
    })
  }

  /** One run per erasure at a time; one that fails is tried again. */
  function run(erasure: Erasure): Promise<void> {
    const known = running.get(erasure.id)
    if (known) return known
    const done = untilDone(erasure).finally(() => running.delete(erasure.id))
    running.set(erasure.id, done)
    return done
  }

  async function untilDone(erasure: Erasure): Promise<void> {
    while (!closing.signal.aborted) {
      try {
        return await forgetEverywhere(erasure)
      } catch (error) {
        log.error({ err: error, erasure: erasure.id }, 'an erasure could not be finished; it is tried again')
        await pause(AGAIN_MS, closing.signal)
      }
    }
  }

  async function forgetEverywhere(erasure: Erasure): Promise<void> {
    const { id, tenantNo, ownerNo, keyIds } = erasure
    await subjectKeys.destroy(keyIds)
    // what was committed before has its place in the log now, so that none of it is sealed later
    await parts.audit?.flush()
    await dropSealedNaming({ records, subjectKeys }, erasure)
    await parts.privacy.renewDays(tenantNo)
    await parts.relay.flush()
    await parts.journal.shipped(SHIPPED_MS)
    await keepLeaves(parts, erasure)
    await eraseFromStore(parts.store, erasure)
    await (
      await forget.promise
    )({ tenantNo, ownerNo, tokens: erasure.tokens })
    await untilPassed()
    if (!(await parts.journal.scrub()))
      throw new TrailError('internal', 'The journal could not be written anew: a reader is in the way.')
    if (!(await dropOldParts(parts.store, closing.signal))) throw new TrailError('internal', 'The store keeps old parts still.')
    await records.act('finishErasure', { id, at: clock.now() })
    await scrubRecords()
  }

  /** Readers are in the way for moments only. */
  async function scrubRecords(): Promise<void> {
    for (let tries = 0; tries < SCRUBS_MAX && !closing.signal.aborted; tries++) {
      if (await records.scrub()) return
      await pause(POLL_MS, closing.signal)
    }
    log.warn({}, 'the write-ahead log of records could not be emptied; it is when the server stops')
  }

  /** Batches go when every reader has passed them. */
  async function untilPassed(): Promise<void> {
    const position = parts.journal.position()
    for (let waitedMs = 0; waitedMs < PASSED_MS; waitedMs += POLL_MS) {
      if (Math.min(...Object.values(parts.journal.readers())) >= position) return
      await pause(POLL_MS, closing.signal)
    }
    throw new TrailError('internal', 'A reader of the journal has not passed what is to be forgotten.')
  }

  async function settled(tenantNo: number, id: string, timeoutMs: number): Promise<Erasure> {
    const under = running.get(id)
    if (under) await Promise.race([under, pause(timeoutMs, closing.signal)])
    const erasure = await records.read.erasure(tenantNo, id)
    if (!erasure) throw new TrailError('not_found', 'There is no erasure of this id here.', { input: 'id' })
    return erasure
  }

  async function resume(): Promise<void> {
    for (const erasure of await records.read.erasures({ state: 'begun', limit: 1_000 })) void run(erasure)
  }

  async function releaseDue(at: Milliseconds): Promise<number> {
    let count = 0
    for (const erasure of await records.read.erasures({ state: 'done', limit: 10_000 })) {
      const due = erasure.kept.filter((kept) => kept.until <= at)
      if (due.length === 0 || (await records.read.heldBy(erasure.tenantNo, { ownerNo: erasure.ownerNo })) !== null) continue
      const keyIds = due.flatMap((kept) => kept.keyIds)
      await subjectKeys.destroy(keyIds)
      const classes = due.map((kept) => kept.class)
      await records.act('releaseKept', { id: erasure.id, classes, keyDigest: digestOfKeys(keyIds), at })
      count += keyIds.length
    }
    return count
  }

  /** What another server did is in memory here still, and what it has begun is finished there. */
  const unsubscribe = records.onChange((change) => {
    if (change !== 'all') return
    subjectKeys.forget()
    parts.privacy.reload().catch((error: unknown) => log.warn({ err: error }, 'pseudonym keys could not be read anew'))
    resume().catch((error: unknown) => log.warn({ err: error }, 'erasures under way could not be read'))
  })

  return {
    plan,
    erase,
    settled,
    start: async (forgetter) => {
      forget.resolve(forgetter)
      await resume()
    },
    releaseDue,
    async close() {
      closing.abort()
      unsubscribe()
      await Promise.allSettled(running.values())
    },
  }
}

function idsOf(keys: readonly { readonly id: string; readonly class: SubjectClass }[], of: string): readonly string[] {
  return keys.filter((key) => key.class === of).map(({ id }) => id)
}

/** Stands for destroyed keys in the log: SHA-256 of their sorted ids. */
export function digestOfKeys(ids: readonly string[]): string {
  return createHash('sha256').update(ids.toSorted().join('\n')).digest('hex')
}

function pause(ms: number, signal: AbortSignal): Promise<void> {
  if (signal.aborted) return Promise.resolve()
  return new Promise((resolve) => {
    const timer = setTimeout(done, ms)
    signal.addEventListener('abort', done, { once: true })
    function done(): void {
      clearTimeout(timer)
      signal.removeEventListener('abort', done)
      resolve()
    }
  })
}
