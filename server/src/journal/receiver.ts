import type { Milliseconds } from 'tokentrail'
import type { EventRow } from '../event/row.ts'
import type { Reception } from './journal.ts'
import { NO_MARK, mark } from './marks.ts'
import type { Mark } from './marks.ts'

/** What a receiver needs of the journal it belongs to. */
export interface ReceiverParts {
  now(): Milliseconds
  readonly marks: Map<number, Mark>
  seen(sourceIds: readonly Uint8Array[]): Promise<readonly boolean[]>
  /** Writes into the group that is gathering; `lost` when there is no room. */
  write(row: EventRow): 'new' | 'lost'
  repeat(row: EventRow): void
  /** Puts marks and source ids into the transaction of what was just written; true when it is durable. */
  settle(marks: ReadonlyMap<number, Mark>, sourceIds: readonly Uint8Array[]): Promise<boolean>
}

interface Offer {
  readonly events: readonly EventRow[]
  readonly sourceIds: readonly (Uint8Array | undefined)[]
  readonly resolve: (receptions: readonly Reception[]) => void
}

export interface Receiver {
  receive(events: readonly EventRow[], sourceIds?: Offer['sourceIds']): Promise<readonly Reception[]>
  /** Does something with the marks while no offer is being handled. It must not reject. */
  between(work: () => Promise<unknown>): void
}

/** Events taken in one transaction, at most, beyond the first offer. */
const ROWS_AT_ONCE = 20_000
/** Events that may wait for their turn. Beyond them an offer is refused at once. */
const ROWS_WAITING_MAX = 200_000

/**
 * Takes identified events once. Offers are handled in groups, one group after another, so that what a group decides stands on
 * what is durable: `repeated` is never said of something that might still be lost.
 */
export function createReceiver(parts: ReceiverParts): Receiver {
  const offers: Offer[] = []
  let task: (() => Promise<unknown>) | undefined
  let waiting = 0
  let busy = false

  async function work(): Promise<void> {
    busy = true
    while (offers.length > 0) await take(nextOffers())
    const next = task
    task = undefined
    await next?.()
    busy = false
    if (offers.length > 0) void work()
  }

  function nextOffers(): readonly Offer[] {
    let rows = 0
    const end = offers.findIndex(({ events }, i) => (rows += events.length) > ROWS_AT_ONCE && i > 0)
    const next = offers.splice(0, end < 0 ? offers.length : end)
    waiting -= next.reduce((sum, { events }) => sum + events.length, 0)
    return next
  }

  async function take(group: readonly Offer[]): Promise<void> {
    try {
      const round = await beginRound(group)
      const receptions = group.map((offer) => offer.events.map((row, i) => round.judge(row, offer.sourceIds[i])))
      const isDurable = await parts.settle(round.marks, round.newIds)
      if (isDurable) for (const [writer, moved] of round.marks) parts.marks.set(writer, moved)
      group.forEach(({ resolve }, i) => resolve(isDurable ? (receptions[i] ?? []) : allLost(receptions[i] ?? [])))
    } catch {
      group.forEach(({ resolve, events }) => resolve(events.map(() => 'lost')))
    }
  }

  async function beginRound(group: readonly Offer[]): Promise<Round> {
    const ids = group.flatMap(({ sourceIds }) => sourceIds.filter((id) => id !== undefined))
    const seen = ids.length > 0 ? await parts.seen(ids) : []
    return createRound(parts, new Set(ids.filter((_, i) => seen[i]).map(keyOf)))
  }

  function receive(events: readonly EventRow[], sourceIds: Offer['sourceIds'] = []): Promise<readonly Reception[]> {
    if (waiting + events.length > ROWS_WAITING_MAX) return Promise.resolve(events.map(() => 'lost'))
    waiting += events.length
    return new Promise((resolve) => {
      offers.push({ events, sourceIds, resolve })
      if (!busy) void work()
    })
  }

  function between(next: () => Promise<unknown>): void {
    task = next
    if (!busy) void work()
  }

  return { receive, between }
}

/** What was not written is not known to be in the journal either: all of a failed round is offered again. */
function allLost(receptions: readonly Reception[]): readonly Reception[] {
  return receptions.map(() => 'lost')
}

interface Round {
  readonly marks: Map<number, Mark>
  readonly newIds: Uint8Array[]
  judge(row: EventRow, sourceId: Uint8Array | undefined): Reception
}

function createRound(parts: ReceiverParts, seen: Set<string>): Round {
  const marks = new Map<number, Mark>()
  const newIds: Uint8Array[] = []

  function judge(row: EventRow, sourceId: Uint8Array | undefined): Reception {
    const moved =
      row.writer === 0
        ? undefined
        : mark(marks.get(row.writer) ?? parts.marks.get(row.writer) ?? NO_MARK, row.seq, parts.now(), row.tenant)
    const isRepeated = (row.writer !== 0 && moved === undefined) || (sourceId !== undefined && seen.has(keyOf(sourceId)))
    if (isRepeated) {
      parts.repeat(row)
      return 'repeated'
    }
    if (parts.write(row) === 'lost') return 'lost'
    if (moved) marks.set(row.writer, moved)
    if (sourceId) {
      newIds.push(sourceId)
      seen.add(keyOf(sourceId))
    }
    return 'new'
  }

  return { marks, newIds, judge }
}

function keyOf(sourceId: Uint8Array): string {
  return Buffer.from(sourceId).toString('latin1')
}
