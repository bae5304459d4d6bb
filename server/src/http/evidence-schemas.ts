import { Type } from 'typebox'
import { PACK_LEVELS, PACK_STATES, REVIEW_KINDS, type PackRecord, type Review } from '../records/evidence.ts'
import { EVIDENCE_NAMES } from '../report/evidence/questions.ts'
import { PACK_NAMES } from '../report/packs.ts'
import { closed, Text, Time, TimeText } from './schemas.ts'
import { timeText } from './times.ts'

const Instant = Type.String({ format: 'date-time' })
const MaybeInstant = Type.Union([Instant, Type.Null()])
const MaybeText = Type.Union([Type.String(), Type.Null()])
const MaybeCount = Type.Union([Type.Integer(), Type.Null()])
export const LevelName = Type.Enum([...PACK_LEVELS], {
  description: 'figures alone; rows without names; rows with names, which two people agree to',
})

const Params = {
  days: Type.Optional(Type.Integer({ minimum: 0, maximum: 2200 })),
  networks: Type.Optional(Type.Integer({ minimum: 0, maximum: 100_000 })),
  services: Type.Optional(Type.Integer({ minimum: 0, maximum: 100_000 })),
  token: Type.Optional(Text),
  incident: Type.Optional(Text),
}

/** What an evidence question may be asked with. */
export const EvidenceQuery = closed({
  from: Type.Optional(TimeText),
  to: Type.Optional(TimeText),
  ...Params,
  level: Type.Optional(LevelName),
  limit: Type.Optional(Type.Integer({ minimum: 0, maximum: 500, description: 'rows in the answer; figures count all of them' })),
})
export const EvidenceParams = Type.Object(
  { name: Type.Enum([...EVIDENCE_NAMES], { description: 'name of the question' }) },
  { additionalProperties: false },
)

/** What somebody wants of a pack. */
export const PackBody = {
  pack: Type.Enum([...PACK_NAMES]),
  from: Type.Optional(Time),
  to: Type.Optional(Time),
  level: Type.Optional(LevelName),
  recipient: Type.String({ minLength: 1, maxLength: 200, description: 'for whom it is made; printed in it' }),
  expiresAt: Type.Optional(Time),
  params: Type.Optional(closed(Params)),
}

export const PackSchema = Type.Object({
  id: Type.String(),
  pack: Type.String(),
  state: Type.Enum([...PACK_STATES]),
  progress: Type.Union([Type.Number({ minimum: 0, maximum: 1 }), Type.Null()]),
  level: LevelName,
  recipient: Type.String(),
  from: Instant,
  to: Instant,
  expiresAt: Instant,
  requestedAt: Instant,
  finishedAt: MaybeInstant,
  failure: MaybeText,
  digest: Type.Union([Type.String(), Type.Null()], { description: 'SHA-256 of report.json, also in the audit log' }),
  event: Type.Union([Type.String(), Type.Null()], { description: 'its entry in the audit log' }),
  approval: MaybeText,
  bytes: MaybeCount,
  rows: MaybeCount,
})

/** A pack as its resource. */
export function packResource(pack: PackRecord, progress: number | null): Type.Static<typeof PackSchema> {
  const { id, name, state, level, recipient, failure, digest, event, approval, bytes, rows } = pack
  return {
    id,
    pack: name,
    state,
    progress,
    level,
    recipient,
    failure,
    digest,
    event,
    approval,
    bytes,
    rows,
    from: timeText(pack.from),
    to: timeText(pack.to),
    expiresAt: timeText(pack.expiresAt),
    requestedAt: timeText(pack.requestedAt),
    finishedAt: timeText(pack.finishedAt),
  }
}

export const ReviewKindName = Type.Enum([...REVIEW_KINDS])
export const ReviewSchema = Type.Object({
  id: Type.String(),
  kind: ReviewKindName,
  pack: Type.String(),
  digest: Type.String({ description: 'SHA-256 of the report.json that was signed' }),
  from: Instant,
  to: Instant,
  signer: Type.String(),
  signedAt: Instant,
  secondPerson: Type.Boolean({ description: 'the signer did not make the pack' }),
  waived: Type.Boolean(),
  open: Type.Integer(),
  note: MaybeText,
  event: Type.String(),
})

/** A review as its resource; people stand as numbers. */
export function reviewResource(review: Review): Type.Static<typeof ReviewSchema> {
  const { id, kind, packId: pack, digest, open, note, waived, event } = review
  return {
    id,
    kind,
    pack,
    digest,
    open,
    note,
    waived,
    event,
    from: timeText(review.from),
    to: timeText(review.to),
    signer: `o${review.signerNo}`,
    signedAt: timeText(review.signedAt),
    secondPerson: review.signerNo !== review.makerNo,
  }
}
