import { setTimeout as after } from 'node:timers/promises'
import type { Conservation, Journal } from '../journal/journal.ts'
import { readState, waitingIn } from '../ship/batch-notes.ts'
import type { TenantState } from '../ship/batch-notes.ts'
import type { Batch } from '../records/batches.ts'
import type { RecordReads } from '../records/records.ts'
import type { ReconcileCheck, ReconcileParts } from './reconcile-check.ts'
import { verdict } from './reconcile-check.ts'

const TRIES = 20
const AGAIN_MS = 150

/**
 * What this journal received is what is stored, on its way, coalesced or declared as lost; and what it shipped is what stands in
 * batches, in the open ones, and in leaves of its own. Exact, at a moment at which nothing moved. After a restored backup, which took
 * recorded batches away, only the first is compared.
 */
export async function checkLedger({ journal, read }: ReconcileParts, isRecovered: boolean): Promise<ReconcileCheck> {
  for (let tries = 0; tries < TRIES; tries++) {
    const seen = await atRest(journal)
    if (seen) return compare(read, seen, isRecovered)
    await after(AGAIN_MS)
  }
  return { name: 'ledger', state: 'cannot say', says: 'The journal moved all the time; it is compared another night.', wrong: [] }
}

interface Seen {
  readonly notes: ReadonlyMap<string, string>
  readonly counts: ReadonlyMap<number, Conservation>
}

/** Notes and counts of one moment; the counts move with the notes, so they are the same before and after reading these. */
async function atRest(journal: Pick<Journal, 'conservation' | 'notes'>): Promise<Seen | undefined> {
  const first = await journal.notes('ship')
  const tenants = [...readState(first, NONE).tenants.keys()]
  const counted = () => new Map(tenants.map((no) => [no, journal.conservation('counted', no)]))
  const counts = counted()
  const notes = await journal.notes('ship')
  const isSame = [...counted()].every(([no, { stored, coalesced }]) => {
    const before = counts.get(no)
    return before?.stored === stored && before.coalesced === coalesced
  })
  return isSame ? { notes, counts } : undefined
}

const NONE = { journal: 0, position: 0 }

async function compare(read: RecordReads, { notes, counts }: Seen, isRecovered: boolean): Promise<ReconcileCheck> {
  const { journal, since, tenants } = readState(notes, NONE)
  const closed = [...notes]
    .flatMap(([name, value]) => waitingIn(name, value) ?? [])
    .flatMap((each) => ('batch' in each ? [each.batch] : []))
  const last = new Map((await read.lastBatches()).filter((each) => each.journal === journal).map((each) => [each.tenantNo, each]))
  const wrong: string[] = []
  let total = 0
  for (const [no, counted] of counts) {
    const { received, stored, journalled, inFlight, coalesced, dropped } = counted
    const lost = Object.values(dropped).reduce((sum, count) => sum + count, 0)
    if (received !== stored + journalled + inFlight + coalesced + lost)
      wrong.push(`tenant ${no}: received ${received} are not accounted for`)
    const recorded = recordedOf(
      tenants.get(no),
      last.get(no),
      closed.filter(({ tenantNo }) => tenantNo === no),
    )
    if (since === 0 && !isRecovered && recorded !== stored + coalesced)
      wrong.push(`tenant ${no}: ${stored + coalesced} were shipped, ${recorded} recorded`)
    total += received
  }
  const says = `Of ${total} counted events each is stored, on its way, coalesced or declared as lost, and what was shipped is in batches.`
  return verdict('ledger', wrong, says, 'tenants have counts that do not add up')
}

/** Events of a tenant in recorded batches, in closed ones that are not recorded yet, in the open one, and in leaves of their own. */
function recordedOf(
  state: TenantState | undefined,
  last: Batch | undefined,
  closed: readonly { from: number; events: number }[],
): number {
  const waiting = closed.filter(({ from }) => last === undefined || from >= last.to)
  const inBatches = (last?.eventsTotal ?? 0) + waiting.reduce((sum, { events }) => sum + events, 0)
  return inBatches + (state?.open?.save().events ?? 0) + (state?.ownEvents ?? 0)
}
