import type { Milliseconds, TokenKind } from 'tokentrail'
import type { Window } from '../answer.ts'
import type { SeriesKey, Step, StepRow, TotalsRow } from '../rows.ts'
import { STEPS } from '../steps.ts'
import { shareOf } from '../wilson.ts'
import { type Bucket, type CubeStore, DAY_MS, HOUR_MS, readReleased, UNATTRIBUTED } from './buckets.ts'
import { type Cell, GROUP_MIN, OTHER, suppress } from './suppress.ts'

/** Why something is not said, or said more coarsely than it was asked for. */
export const WITHHELD_RULES = {
  small_groups: 'Groups of few owners are counted under "other"; hours or days in which few owners were active are left out.',
  rounding: 'Counts are rounded to 5, above 1,000 to 10; totals are sums of rounded parts.',
  buckets: 'Figures are of whole hours or days that are over; the window was widened to them, and what came late is left out.',
  distinct: 'Distinct tokens and networks, quantiles and times are not said: one owner alone could make them.',
  dimension: 'Viewers see figures by class, outcome, kind and population only.',
} as const
export type WithheldRule = keyof typeof WITHHELD_RULES

/** What an answer to a viewer leaves out, and by which rule. */
export interface Withheld {
  /** No figure stands for fewer owners. */
  readonly groupMin: number
  /** Until when buckets are released; null when none is in the window. */
  readonly until: Milliseconds | null
  readonly rules: readonly { readonly rule: WithheldRule; readonly says: string }[]
}

/** What every figure for a viewer is made from. */
export interface Released {
  readonly window: Window
  readonly buckets: readonly Bucket[]
  readonly rowsRead: number
  readonly groupMin: number
}

/** The released buckets that a window touches, as coarse as the tenant wants them. Everything said to viewers is a sum over their cells. */
export async function releasedIn(
  store: Pick<CubeStore, 'query'>,
  tenantNo: number,
  window: Window,
  o: { readonly groupMin: number; readonly signal?: AbortSignal },
): Promise<Released> {
  const { buckets, rowsRead } = await readReleased(store, tenantNo, window, o.signal)
  return { window, buckets: buckets.map((bucket) => coarser(bucket, o.groupMin)), rowsRead, groupMin: o.groupMin }
}

/** A released bucket for readers who want larger groups: its cells become fewer, and no other figure than theirs is said. */
export function coarser(bucket: Bucket, groupMin: number): Bucket {
  if (groupMin <= GROUP_MIN) return bucket
  const cells = bucket.cells.filter(({ key }) => key !== UNATTRIBUTED)
  const nobodys = bucket.cells.filter(({ key, members }) => key === UNATTRIBUTED && members.length >= groupMin)
  return { ...bucket, cells: [...suppress(cells, groupMin), ...nobodys] }
}

/** The figures of a window, in one row. */
export function totalsFor(released: Released, kind?: TokenKind): TotalsRow {
  const cells = cellsOf(released, kind)
  const sum = (of: string): number => total(cells.filter(({ key }) => partsOf(key).class === of))
  const [accepted, invalid, forbidden] = [sum('accepted'), sum('invalid'), sum('forbidden')]
  const judged = accepted + invalid + forbidden
  return {
    attempts: total(cells),
    accepted,
    invalid,
    forbidden,
    throttled: sum('throttled'),
    unavailable: sum('unavailable'),
    successRate: shareOf(accepted, judged),
    successRateAll: null,
    ...NOT_SAID,
    unattributed: total(cells.filter(({ key }) => key === UNATTRIBUTED)),
    latency: null,
    uniques: 'withheld',
  }
}

/** Readers of the row know these as numbers; a viewer is told none. */
const NOT_SAID = { activeTokens: null, networks: null, replays: null } as unknown as Pick<
  TotalsRow,
  'activeTokens' | 'networks' | 'replays'
>

const VIEWER_KEYS = ['class', 'outcome', 'kind', 'population'] as const
type ViewerKey = (typeof VIEWER_KEYS)[number]

/** May a viewer see figures split so? */
export function isViewerKey(by: SeriesKey | undefined): by is ViewerKey | undefined {
  return by === undefined || (VIEWER_KEYS as readonly string[]).includes(by)
}

/** The finest step that the released buckets allow. */
export function stepFor({ buckets }: Pick<Released, 'buckets'>, step: Step): Step {
  if (buckets.some(({ hours }) => hours === 24) && STEPS[step].seconds * 1_000 < DAY_MS) return 'day'
  return STEPS[step].seconds * 1_000 < HOUR_MS ? 'hour' : step
}

/** Attempts over time. */
export function stepsFor(
  released: Released,
  o: { readonly step: Step; readonly by?: ViewerKey; readonly kind?: TokenKind },
): readonly StepRow[] {
  const counts = new Map<string, StepRow>()
  for (const bucket of released.buckets) {
    const at = startOf(bucket.at, o.step)
    for (const cell of cellsOf({ buckets: [bucket] }, o.kind)) {
      const key = o.by === undefined ? '' : (partsOf(cell.key)[o.by] ?? OTHER)
      const known = counts.get(`${at} ${key}`)
      counts.set(`${at} ${key}`, { at, key, count: (known?.count ?? 0) + cell.count })
    }
  }
  return [...counts.values()].toSorted((a, b) => a.at - b.at || (a.key < b.key ? -1 : 1))
}

/** What an answer left out. */
export function withheldFrom({ buckets, groupMin }: Released, rules: readonly WithheldRule[]): Withheld {
  const last = buckets.at(-1)
  const until = last ? last.at + last.hours * HOUR_MS : null
  return { groupMin, until, rules: rules.map((rule) => ({ rule, says: WITHHELD_RULES[rule] })) }
}

function startOf(at: Milliseconds, step: Step): Milliseconds {
  const [lengthMs, offsetMs] = [STEPS[step].seconds * 1_000, STEPS[step].offset * 1_000]
  return Math.floor((at - offsetMs) / lengthMs) * lengthMs + offsetMs
}

/** A kind is no filter on rows: it chooses among the cells that everybody is shown. */
function cellsOf({ buckets }: Pick<Released, 'buckets'>, kind: TokenKind | undefined): readonly Cell[] {
  const cells = buckets.flatMap((bucket) => bucket.cells)
  return kind === undefined ? cells : cells.filter(({ key }) => partsOf(key).kind === kind)
}

interface PartsOfKey {
  readonly class?: string
  readonly kind?: string
  readonly outcome?: string
  readonly population: string
}

function partsOf(key: string): PartsOfKey {
  if (key === UNATTRIBUTED) return { class: UNATTRIBUTED, kind: 'none', outcome: UNATTRIBUTED, population: UNATTRIBUTED }
  if (key === OTHER) return { population: 'attributed' }
  const [name = '', kind = 'none'] = key.split(':')
  const outcome = name === 'accepted' ? 'accepted' : name === '' ? 'none' : 'rejected'
  return { class: name, kind, outcome, population: 'attributed' }
}

function total(cells: readonly Cell[]): number {
  return cells.reduce((sum, { count }) => sum + count, 0)
}
