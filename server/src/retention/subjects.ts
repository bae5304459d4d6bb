import { createKekChange, KEK_DAYS, KEK_DAYS_DEFAULT, type KekChange } from '../privacy/kek-change.ts'
import type { Privacy } from '../privacy/privacy.ts'
import { createErasureDesk, type ErasureDesk, type ErasureParts } from './erasure.ts'
import { createReveals, type Reveals } from './reveals.ts'
import { createSubjectAccess } from './subject-access.ts'

/** What is done with data about people. */
export interface Subjects {
  readonly erasure: ErasureDesk
  readonly reveals: Reveals
  readonly access: ReturnType<typeof createSubjectAccess>
  readonly kek: KekChange
  readonly sealedDaysChanged: Privacy['sealedDaysChanged']
  close(): Promise<void>
}

const HOUR_MS = 3_600_000

/** Opens it over what the server has, and looks every hour after what is due: kept classes, the key-encryption key. */
export function openSubjects(
  o: ErasureParts & {
    readonly privacy: Privacy
    readonly keys: string
    readonly tenantNo: number
    /** What else is wrapped by the key-encryption key: each wraps anew what is still under the predecessor. */
    readonly rewraps?: readonly (() => Promise<number>)[]
  },
): Subjects {
  const { records, subjectKeys, privacy, clock, log, store } = o
  const erasure = createErasureDesk(o)
  const kek = createKekChange({ folder: o.keys, tenantNo: o.tenantNo, records, privacy, subjectKeys, others: o.rewraps ?? [] })

  async function lookAfter(): Promise<void> {
    const at = clock.now()
    await erasure.releaseDue(at)
    const days = Number((await records.read.setting(o.tenantNo, KEK_DAYS)) ?? KEK_DAYS_DEFAULT)
    await kek.rotateIfOlder({ at, days })
  }

  const timer = setInterval(() => {
    lookAfter().catch((error: unknown) =>
      log.error({ err: error }, 'what is due about people could not be done; it is tried again in an hour'),
    )
  }, HOUR_MS).unref()

  return {
    erasure,
    reveals: createReveals({ records, subjectKeys, privacy, store, clock }),
    access: createSubjectAccess({ records, subjectKeys, store, clock }),
    kek,
    sealedDaysChanged: privacy.sealedDaysChanged,
    async close() {
      clearInterval(timer)
      await erasure.close()
    },
  }
}
