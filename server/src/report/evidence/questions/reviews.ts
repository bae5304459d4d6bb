import type { PlaceInTime } from '../../../records/findings.ts'
import { REVIEW_KINDS, type Review, type ReviewKind } from '../../../records/evidence.ts'
import { ownerOf } from '../names.ts'
import { C, type EvidenceQuestion, type MaybeTime } from '../question.ts'
import type { EvidenceReader } from '../reader.ts'

export interface ReviewRow {
  readonly review: string
  readonly kind: string
  readonly state: string
  readonly from: number
  readonly to: number
  readonly signedAt: MaybeTime
  readonly signer: string | null
  readonly signerId: string | null
  readonly secondPerson: boolean
  readonly open: number
  readonly pack: string | null
  readonly leaf: number | null
}

const DAY_MS = 86_400_000
const PAGE = 200
/** How long a review of a kind may cover, and how many periods of a window are looked at. */
const RHYTHM_MS = { daily: DAY_MS, access: 92 * DAY_MS } as const satisfies Record<ReviewKind, number>
const PERIODS_MAX = 2200

/** Which reviews were signed, and which were due and were not. */
export const reviews: EvidenceQuestion<ReviewRow> = {
  id: 'Q14',
  answers: 'Which daily and access reviews were signed, by whom, what stayed open, and which were missing',
  from: ['L', 'R'],
  params: {},
  columns: {
    review: C.ref('id of the review; of a missing one its period'),
    kind: C.word('daily or access'),
    state: C.word('signed, or missing: nobody signed one that covers this period'),
    from: C.time('begin of what was reviewed'),
    to: C.time('its end'),
    signedAt: C.time('when it was signed'),
    signer: C.ref('who signed, as a number'),
    signerId: C.person('who signed'),
    secondPerson: C.flag('the signer did not make the pack'),
    open: C.count('points that stayed open'),
    pack: C.ref('pack that was read'),
    leaf: C.count('index of its leaf in the audit log'),
  },
  key: 'review',
  figures: [
    { name: 'signed', says: 'reviews signed', where: { state: 'signed' } },
    {
      name: 'by-second-person',
      says: 'of them by somebody who did not make the pack',
      where: { state: 'signed', secondPerson: true },
      share: 'signed',
    },
    { name: 'open', says: 'points that stayed open', where: { state: 'signed' }, sum: 'open' },
    { name: 'days-without', says: 'days without a daily review', where: { state: 'missing', kind: 'daily' } },
    {
      name: 'quarters-without',
      says: 'periods of 92 days without an access review',
      where: { state: 'missing', kind: 'access' },
    },
  ],
  method: 'exact: reviews that cover a part of the window, whenever they were signed; whole periods of the window without one',
  cannotShow: 'how carefully somebody read what was signed',
  async *rows(_params, reader) {
    const covered: Record<ReviewKind, Set<number>> = { daily: new Set(), access: new Set() }
    for await (const review of reviewsOf(reader)) {
      for (const period of periodsOf(review.kind, review, reader)) covered[review.kind].add(period)
      yield await rowOf(review, reader)
    }
    for (const kind of REVIEW_KINDS) yield* missing(kind, covered[kind], reader)
  },
}

async function* reviewsOf({ read, tenantNo, seen }: EvidenceReader): AsyncIterable<Review> {
  let before: PlaceInTime | undefined
  for (;;) {
    const page = await read.reviews({ tenantNo, from: seen.from }, { limit: PAGE, ...(before ? { before } : {}) })
    yield* page.filter(({ from, to }) => from < seen.to && to > seen.from)
    const last = page.at(-1)
    if (last === undefined || page.length < PAGE) return
    before = { at: last.signedAt, id: last.id }
  }
}

/** Whole periods of the window that a span covers, by their place. */
function* periodsOf(
  kind: ReviewKind,
  span: { readonly from: number; readonly to: number },
  { seen }: EvidenceReader,
): Generator<number> {
  const length = RHYTHM_MS[kind]
  const last = Math.min(Math.floor((seen.to - seen.from) / length), PERIODS_MAX)
  for (let i = 0; i < last; i += 1) {
    const from = seen.from + i * length
    if (span.from <= from && span.to >= from + length) yield i
  }
}

function* missing(kind: ReviewKind, covered: ReadonlySet<number>, reader: EvidenceReader): Generator<ReviewRow> {
  const length = RHYTHM_MS[kind]
  for (const i of periodsOf(kind, reader.seen, reader)) {
    if (covered.has(i)) continue
    const [from, to] = [reader.seen.from + i * length, reader.seen.from + (i + 1) * length]
    const nobody = { signedAt: null, signer: null, signerId: null, secondPerson: false, open: 0, pack: null, leaf: null }
    yield { review: `${kind}/${new Date(from).toISOString()}`, kind, state: 'missing', from, to, ...nobody }
  }
}

async function rowOf(review: Review, reader: EvidenceReader): Promise<ReviewRow> {
  const [owners, leaves] = await Promise.all([reader.ownersOf([review.signerNo]), reader.log.leavesOf([review.event])])
  const { owner: signer, ownerId: signerId } = ownerOf(review.signerNo, owners)
  return {
    review: review.id,
    kind: review.kind,
    state: 'signed',
    from: review.from,
    to: review.to,
    signedAt: review.signedAt,
    signer,
    signerId,
    secondPerson: review.signerNo !== review.makerNo,
    open: review.open,
    pack: review.packId,
    leaf: leaves.get(review.event) ?? null,
  }
}
