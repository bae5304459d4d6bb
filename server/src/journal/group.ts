import { FLAGS } from 'tokentrail'
import type { LossReason, Milliseconds } from 'tokentrail'
import type { FrameWriter } from '../event/frame.ts'
import type { EventRow } from '../event/row.ts'
import type { Commit, SealedBatch } from './file.ts'
import type { Folds } from './folds.ts'
import type { Durability } from './journal.ts'
import type { Loss } from './losses.ts'
import type { Mark } from './marks.ts'
import { addLosses, createTallySheet, promiseOf } from './tally.ts'
import type { Tally } from './tally.ts'

/** What is written in one transaction, while it gathers. All who wait for it share its promises. */
export interface Group {
  /** Settles with the transaction: `journalled`, or `lost` if it fails. */
  readonly written: Promise<Durability>
  /** Resolves to `lost` when the losses counted here are durable, or cannot be made so. */
  readonly dropped: Promise<Durability>
  /** False when the row is too large for any frame. */
  add(row: EventRow, writer: number, seq: number, flags?: number): boolean
  fold(row: EventRow, seq: number): void
  drop(row: EventRow, reason: LossReason): void
  aside(tenant: number, promise: number): Tally
  /** Rows added by `work` can be offered again, so they are no loss if the transaction fails. */
  offering(work: () => void): void
  attach(what: { readonly marks: readonly (readonly [number, Mark])[]; readonly sourceIds: readonly Uint8Array[] }): void
  /** The loss is declared by a row that was added, and counts as declared with it. */
  declare(loss: Loss): void
  /** Takes over counts of a failed group. They wait for the next transaction and call for none. */
  carry(tallies: readonly Tally[]): void
  /** Decisions that are not durable yet, in tallies. */
  underway(): readonly Tally[]
  readonly bytes: number
  /** Nobody waits for this group. */
  readonly isEmpty: boolean
  readonly hasCarried: boolean
  readonly receivedAt: Milliseconds
  /** Closes the group; what to write. */
  seal(): Commit
  succeed(): void
  /** Settles as lost and gives what is lost by it, and the counts that still want to be written. */
  fail(reason: LossReason): {
    readonly aside: readonly Tally[]
    readonly declared: readonly Loss[]
    readonly lost: readonly Tally[]
  }
}

const DAY = 86_400_000

/** An empty group. `frames` and `folds` are shared by one group after another and are empty in between. */
export function createGroup(o: {
  frames: FrameWriter
  folds: Folds
  receivedAt: Milliseconds
  ownMark: () => readonly [number, Mark]
}): Group {
  const { frames, folds, receivedAt } = o
  const written = Promise.withResolvers<Durability>()
  const dropped = Promise.withResolvers<Durability>()
  const batches: SealedBatch[] = []
  const aside = createTallySheet()
  const offered = createTallySheet()
  const folded = createTallySheet()
  const declared: Loss[] = []
  const marks: (readonly [number, Mark])[] = []
  const sourceIds: Uint8Array[] = []
  let rows = createTallySheet()
  let sealedBytes = 0
  let isOffer = false
  /** Somebody waits for what has no rows. */
  let hasAside = false
  let hasCarried = false
  let isSealed = false

  function add(row: EventRow, writer: number, seq: number, flags = row.flags): boolean {
    // who takes an event over from elsewhere, with its times, has set the delay already
    const delayMs = row.delayMs !== 0 ? row.delayMs : receivedAt - row.occurredAt
    if (!frames.add(row, writer, seq, delayMs, flags)) {
      closeFrame()
      if (!frames.add(row, writer, seq, delayMs, flags)) return false
    }
    const promise = promiseOf(row.type)
    count(rows.of(row.tenant, promise), row.count, flags)
    if (isOffer) count(offered.of(row.tenant, promise), row.count, flags)
    return true
  }

  function closeFrame(): void {
    if (frames.count === 0) return
    const frame = frames.finish()
    sealedBytes += frame.byteLength
    batches.push({ receivedAt, frame, tallies: rows.list() })
    rows = createTallySheet()
  }

  function fold(row: EventRow, seq: number): void {
    folds.add(row, seq)
    folded.of(row.tenant, promiseOf(row.type)).coalesced += row.count
  }

  function drop(row: EventRow, reason: LossReason): void {
    addLosses(asideOf(row.tenant, promiseOf(row.type)).dropped, { [reason]: row.count })
  }

  function asideOf(tenant: number, promise: number): Tally {
    hasAside = true
    return aside.of(tenant, promise)
  }

  function offering(work: () => void): void {
    isOffer = true
    work()
    isOffer = false
  }

  function carry(tallies: readonly Tally[]): void {
    hasCarried ||= tallies.length > 0
    for (const { tenant, promise, repeated, dropped: losses } of tallies) {
      const tally = aside.of(tenant, promise)
      tally.repeated += repeated
      addLosses(tally.dropped, losses)
    }
  }

  function seal(): Commit {
    isSealed = true
    for (const row of folds.take()) add(row, row.writer, row.seq)
    closeFrame()
    const own = batches.length > 0 ? [o.ownMark()] : []
    return { batches, aside: aside.list(), declared, marks: [...marks, ...own], sourceIds, day: Math.floor(receivedAt / DAY) }
  }

  function underway(): readonly Tally[] {
    const pending = isSealed ? [] : folded.list()
    return [...batches.flatMap(({ tallies }) => tallies), ...rows.list(), ...pending, ...aside.list()]
  }

  function fail(reason: LossReason): ReturnType<Group['fail']> {
    const lost = lossesOf(
      batches.flatMap(({ tallies }) => tallies),
      offered.list(),
      reason,
    )
    written.resolve('lost')
    dropped.resolve('lost')
    return { aside: aside.list(), declared, lost }
  }

  return {
    written: written.promise,
    dropped: dropped.promise,
    add,
    fold,
    drop,
    aside: asideOf,
    offering,
    attach(what) {
      hasAside = true
      for (const moved of what.marks) marks.push(moved)
      for (const id of what.sourceIds) sourceIds.push(id)
    },
    declare: (loss) => void declared.push(loss),
    carry,
    underway,
    get bytes() {
      return sealedBytes + (frames.count > 0 ? frames.size : 0)
    },
    get isEmpty() {
      return batches.length === 0 && frames.count === 0 && folds.count === 0 && !hasAside
    },
    get hasCarried() {
      return hasCarried
    },
    receivedAt,
    seal,
    succeed() {
      written.resolve('journalled')
      dropped.resolve('lost')
    },
    fail,
  }
}

function count(tally: Tally, decisions: number, flags: number): void {
  if (flags & FLAGS.coalesced) tally.coalesced += decisions
  else tally.plain += decisions
}

/** What was taken and cannot be offered again, as losses. */
function lossesOf(taken: readonly Tally[], offered: readonly Tally[], reason: LossReason): readonly Tally[] {
  const sheet = createTallySheet()
  for (const { tenant, promise, plain, coalesced } of taken)
    addLosses(sheet.of(tenant, promise).dropped, { [reason]: plain + coalesced })
  for (const { tenant, promise, plain, coalesced } of offered)
    addLosses(sheet.of(tenant, promise).dropped, { [reason]: -plain - coalesced })
  return sheet.list().filter(({ dropped }) => (dropped[reason] ?? 0) > 0)
}
