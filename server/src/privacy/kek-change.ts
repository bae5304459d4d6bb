import { setTimeout as pause } from 'node:timers/promises'
import type { Milliseconds } from 'tokentrail'
import { ACTORS, TYPES } from 'tokentrail'
import { TrailError } from '../errors.ts'
import { beginKekChange, endKekChange, kekMadeAt } from '../config/keys.ts'
import type { Actor, Records } from '../records/records.ts'
import type { Privacy } from './privacy.ts'
import type { SubjectKeys } from './subject-keys.ts'

/** Changes the key-encryption key: what is left on disk of keys that were destroyed before cannot be opened after it. */
export interface KekChange {
  /** Re-wraps every living key and destroys the predecessor; 603 and 606. A change that was cut off is taken up. */
  rotate(p: { at: Milliseconds; actor: Actor }): Promise<{ readonly rewrapped: number }>
  /** Rotates when the key is older than so many days. */
  rotateIfOlder(p: { at: Milliseconds; days: number }): Promise<boolean>
  /** When the key in use was made. */
  madeAt(): Milliseconds
}

/** Setting of the installation: days after which the key-encryption key is changed; 0 = by hand only. */
export const KEK_DAYS = 'privacy.kek_days'
export const KEK_DAYS_DEFAULT = 30
const DAY_MS = 86_400_000
/** Another server may have wrapped a key under the predecessor in the moment before it saw the new one. */
const ROUNDS_MAX = 10
const PAUSE_MS = 500
const SCHEDULE: Actor = { no: 0, kind: 'schedule' }

export function createKekChange(o: {
  readonly folder: string
  readonly tenantNo: number
  readonly records: Records
  readonly privacy: Pick<Privacy, 'rewrap'>
  readonly subjectKeys: Pick<SubjectKeys, 'rewrap'>
  /** What else is wrapped: each wraps anew what is still under the predecessor, and says how many. */
  readonly others?: readonly (() => Promise<number>)[]
}): KekChange {
  const rotate: KekChange['rotate'] = async ({ at, actor }) => {
    const rewrapped = await begin()
    await note('key.rotated', { key: 'kek', count: rewrapped }, at, actor)
    endKekChange(o.folder)
    await note('key.destroyed', { class: 'kek', count: 1 }, at, actor)
    return { rewrapped }
  }

  /** Until its end is noted the predecessor stays, so one that fails here has destroyed nothing and is taken up. */
  async function begin(): Promise<number> {
    try {
      beginKekChange(o.folder)
      return await rewrapAll(o)
    } catch (cause) {
      if (cause instanceof TrailError) throw cause
      const message =
        'The keys could not be wrapped anew, and the key-encryption key stays in use. Make room, and change it again.'
      throw new TrailError('records_unavailable', message, { cause })
    }
  }

  function note(type: 'key.rotated' | 'key.destroyed', detail: object, at: Milliseconds, actor: Actor): Promise<unknown> {
    const facts = { detail: JSON.stringify(detail), actorNo: actor.no, actorKind: ACTORS[actor.kind] }
    return o.records.act('noteCritical', { tenantNo: o.tenantNo, type: TYPES[type].id, facts, at })
  }

  return {
    rotate,
    async rotateIfOlder({ at, days }) {
      if (days === 0 || at - kekMadeAt(o.folder) < days * DAY_MS) return false
      await rotate({ at, actor: SCHEDULE })
      return true
    },
    madeAt: () => kekMadeAt(o.folder),
  }
}

async function rewrapAll({ privacy, subjectKeys, others = [] }: Parameters<typeof createKekChange>[0]): Promise<number> {
  let count = 0
  for (let round = 0; round < ROUNDS_MAX; round++) {
    let touched = (await subjectKeys.rewrap()) + (await privacy.rewrap())
    for (const rewrap of others) touched += await rewrap()
    if (touched === 0 && round > 0) return count
    count += touched
    await pause(PAUSE_MS)
  }
  throw new Error('keys are wrapped under the predecessor again and again: another server does not see the folder of keys')
}
