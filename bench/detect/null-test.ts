import { KINDS, OUTCOMES, POPULATIONS, TYPES, type Milliseconds } from 'tokentrail'
import type { EventRow } from '../../server/src/event/row.ts'
import { createRandom } from '../../server/src/simulate/random.ts'
import type { World, WorldBatch } from '../../server/src/simulate/world/world.ts'

const WEEK_MS = 7 * 86_400_000
const BATCH_MS = 60_000

/**
 * A clean world in which nothing follows from anything: each ordinary use falls into a random week, at the same hour of the week. What a
 * token's life decides (refusals of its own, endings, single-use tokens) stays where it is.
 */
export function shuffled(world: World, seed: number): Pick<World, 'judgedFrom' | 'truths' | 'batches'> {
  function* batches(): Iterable<WorldBatch> {
    const random = createRandom(`null/${seed}`)
    const rows = [...world.batches()].flatMap((batch) => batch.rows)
    const spanOf = spansOf(rows, { from: world.from, to: world.to - 1 })
    for (const row of rows) {
      if (isMovable(row)) row.occurredAt = dealt(row.occurredAt, spanOf(row), random.next())
      row.delayMs = Math.min(row.delayMs, BATCH_MS)
    }
    yield* inBatches(
      rows.toSorted((a, b) => arrivalOf(a) - arrivalOf(b)),
      world,
    )
  }
  return { judgedFrom: world.judgedFrom, truths: [], batches }
}

interface Span {
  readonly from: Milliseconds
  readonly to: Milliseconds
}

function isMovable({ type, population, outcome, kind }: EventRow): boolean {
  if (type !== TYPES['token.validated'].id || kind !== KINDS.access) return false
  return population === POPULATIONS.unattributed || outcome === OUTCOMES.accepted
}

const ENDS: ReadonlySet<number> = new Set(
  (['token.revoked', 'token.rotated', 'token.suspended', 'token.expired'] as const).map((name) => TYPES[name].id),
)

/** A token that ends in this world stays in the time in which it was used; every other use may have been at any time. */
function spansOf(rows: readonly EventRow[], world: Span): (row: EventRow) => Span {
  const ending = new Set(rows.filter(({ type }) => ENDS.has(type)).map(({ tokenNo }) => tokenNo))
  const spans = new Map<number, Span>()
  for (const { tokenNo, occurredAt } of rows.filter((row) => isMovable(row) && ending.has(row.tokenNo))) {
    const span = spans.get(tokenNo) ?? { from: occurredAt, to: occurredAt }
    spans.set(tokenNo, { from: Math.min(span.from, occurredAt), to: Math.max(span.to, occurredAt) })
  }
  return ({ tokenNo }) => spans.get(tokenNo) ?? world
}

/** The same moment of the week in any of the weeks of the span. */
function dealt(at: Milliseconds, { from, to }: Span, share: number): Milliseconds {
  const first = -Math.floor((at - from) / WEEK_MS)
  const weeks = Math.floor((to - at) / WEEK_MS) - first + 1
  return at + (first + Math.floor(share * weeks)) * WEEK_MS
}

const arrivalOf = ({ occurredAt, delayMs }: EventRow): Milliseconds => occurredAt + delayMs

function* inBatches(rows: readonly EventRow[], { from, to }: World): Iterable<WorldBatch> {
  let next = 0
  for (let end = from + BATCH_MS; end <= to; end += BATCH_MS) {
    const start = next
    while (next < rows.length && arrivalOf(rows[next] as EventRow) < end) (rows[next] as EventRow).seq = ++next
    yield { receivedAt: end, rows: rows.slice(start, next) }
  }
}
