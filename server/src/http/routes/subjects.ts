import { strToU8, zipSync } from 'fflate'
import { Type } from 'typebox'
import { TrailError } from '../../errors.ts'
import { SUBJECT_CLASSES } from '../../privacy/subject-classes.ts'
import type { Erasure } from '../../records/subjects.ts'
import { ERASURE_POLICY, erasurePolicies, parsePolicies } from '../../retention/erasure-policy.ts'
import { type App, principalOf } from '../app.ts'
import type { HttpParts } from '../parts.ts'
import { closed, IdParams } from '../schemas.ts'
import { ApprovalAnswer, SecondPersonFields, withSecondPerson } from '../second-person.ts'
import { timeText } from '../times.ts'

const Ground = Type.String({ minLength: 1, maxLength: 500, description: 'why; for people, never a secret' })
const Instant = Type.String({ format: 'date-time' })
const Keep = Type.Object({ class: Type.String(), until: Instant, ground: Type.String() })

const PolicyOfClass = Type.Union([
  closed({ policy: Type.Literal('erase') }),
  closed({
    policy: Type.Literal('keep'),
    until: Type.Integer({ minimum: 0, description: 'ms since 1970' }),
    ground: Type.String({ minLength: 1, maxLength: 500, description: 'the ground of law' }),
  }),
])

const ErasureSchema = Type.Object({
  id: Type.String(),
  state: Type.Enum(['begun', 'done'] as const),
  classes: Type.Array(Type.String(), { description: 'classes of data that went' }),
  kept: Type.Array(Keep, { description: 'what a policy keeps, until when, on which ground of law' }),
  values: Type.Integer({ description: 'sealed values that were deleted' }),
  keysDigest: Type.String({ description: 'SHA-256 of the sorted ids of the destroyed keys' }),
  begunAt: Instant,
  doneAt: Type.Union([Instant, Type.Null()]),
  deadInBackupsFrom: Type.String({
    format: 'date-time',
    description: 'no backup of keys within its term opens anything from then on',
  }),
})

const Loose = Type.Object({}, { additionalProperties: true })
const LIMIT = 500
/** How long a caller waits for files to be overwritten; then it asks again. */
const SETTLED_MS = 8_000

/** What a person may ask of whoever holds data about them: access, erasure, restriction. */
export function subjectRoutes(app: App, parts: HttpParts): void {
  erasing(app, parts)
  restricting(app, parts)
  exporting(app, parts)
  policy(app, parts)
}

function erasing(app: App, parts: HttpParts): void {
  const { records, subjects } = parts
  app.post(
    '/v1/subjects/:id/erase',
    {
      config: { permission: 'subjects:erase' },
      schema: {
        tags: ['privacy'],
        summary: 'Erase a person',
        description:
          'With a second person. Names, keys and sealed values are gone when this answers; files are overwritten behind it, see the state. Proofs still verify, counts stay.',
        params: IdParams,
        body: closed({
          ...SecondPersonFields,
          endTokens: Type.Optional(
            Type.Boolean({ description: 'end tokens that still work; without it they keep the person from being erased' }),
          ),
        }),
        response: { 200: ErasureSchema, 202: ApprovalAnswer },
      },
    },
    async (request, reply) => {
      const principal = principalOf(request)
      const { tenantNo, actor } = principal
      const { endTokens = false, ground = '' } = request.body
      const ownerId = request.params.id
      const plan = await subjects.erasure.plan(tenantNo, ownerId, { endTokens })
      const answer = await withSecondPerson(parts, reply, {
        principal,
        action: 'subject.erase',
        params: { ...plan },
        body: request.body,
        run: (approval, params) => subjects.erasure.erase({ tenantNo, ownerId, endTokens, approval, params, ground, actor }),
      })
      if ('asked' in answer) return answer.asked
      return resourceOf(await subjects.erasure.settled(tenantNo, answer.done.id, SETTLED_MS))
    },
  )

  app.get(
    '/v1/subjects/erasures',
    {
      config: { permission: 'subjects:read', reading: true },
      schema: {
        tags: ['privacy'],
        summary: 'Erasures, oldest first',
        response: { 200: Type.Object({ items: Type.Array(ErasureSchema) }) },
      },
    },
    async (request) => {
      const found = await records.read.erasures({ tenantNo: principalOf(request).tenantNo, limit: LIMIT })
      return { items: found.map(resourceOf) }
    },
  )

  app.get(
    '/v1/subjects/erasures/:id',
    {
      config: { permission: 'subjects:read', reading: true },
      schema: { tags: ['privacy'], summary: 'One erasure', params: IdParams, response: { 200: ErasureSchema } },
    },
    async (request) => resourceOf(await subjects.erasure.settled(principalOf(request).tenantNo, request.params.id, SETTLED_MS)),
  )
}

function restricting(app: App, { records, clock }: HttpParts): void {
  app.post(
    '/v1/subjects/:id/restrict',
    {
      config: { permission: 'subjects:restrict' },
      schema: {
        tags: ['privacy'],
        summary: 'Hide a person from everybody but the privacy officer, or stop hiding them',
        params: IdParams,
        body: closed({ restricted: Type.Boolean(), ground: Ground }),
        response: { 200: Type.Object({ restricted: Type.Boolean() }) },
      },
    },
    async (request) => {
      const { tenantNo, actor } = principalOf(request)
      const what = { tenantNo, ownerId: request.params.id, ...request.body, at: clock.now(), actor }
      return { restricted: (await records.act('restrictSubject', what)) !== null }
    },
  )

  app.get(
    '/v1/subjects/restrictions',
    {
      config: { permission: 'subjects:restrict', reading: true },
      schema: {
        tags: ['privacy'],
        summary: 'People who are hidden',
        response: {
          200: Type.Object({ items: Type.Array(Type.Object({ owner: Type.String(), ground: Type.String(), at: Instant })) }),
        },
      },
    },
    async (request) => {
      const found = await records.read.restrictions(principalOf(request).tenantNo)
      const owners = new Map((await records.read.ownersByNo(found.map(({ ownerNo }) => ownerNo))).map(({ no, id }) => [no, id]))
      return {
        items: found.map(({ ownerNo, ground, setAt }) => ({ owner: owners.get(ownerNo) ?? '', ground, at: timeText(setAt) })),
      }
    },
  )
}

function exporting(app: App, { subjects }: HttpParts): void {
  app.get(
    '/v1/subjects/:id/export',
    {
      config: { permission: 'subjects:access', reading: true },
      schema: {
        tags: ['privacy'],
        summary: 'Everything held about a person',
        description:
          'A zip of `data.ndjson` for machines and `readable.html` for people. Recorded (`subject.accessed`) before it is handed out.',
        params: IdParams,
        response: { 200: Type.Unknown() },
      },
    },
    async (request, reply) => {
      const { tenantNo, actor } = principalOf(request)
      const { ndjson, html } = await subjects.access({ tenantNo, ownerId: request.params.id, actor })
      const zip = zipSync({ 'data.ndjson': strToU8(ndjson), 'readable.html': strToU8(html) })
      void reply.type('application/zip').header('content-disposition', 'attachment; filename="subject.zip"')
      return reply.send(Buffer.from(zip.buffer, zip.byteOffset, zip.byteLength))
    },
  )
}

function policy(app: App, { records, clock }: HttpParts): void {
  app.get(
    '/v1/privacy/erasure-policy',
    {
      config: { permission: 'subjects:read', reading: true },
      schema: {
        tags: ['privacy'],
        summary: 'What becomes of each class of data when its subject is erased',
        response: { 200: Loose },
      },
    },
    async (request) => {
      const policies = await erasurePolicies(records.read, principalOf(request).tenantNo)
      return Object.fromEntries(policies.map((each) => [each.class, each.policy]))
    },
  )

  app.put(
    '/v1/privacy/erasure-policy',
    {
      config: { permission: 'subjects:restrict' },
      schema: {
        tags: ['privacy'],
        summary: 'Say what is erased at once, and what the law has kept until a date',
        description: 'What is not named is erased.',
        body: closed(Object.fromEntries(SUBJECT_CLASSES.map((of) => [of, Type.Optional(PolicyOfClass)]))),
        response: { 200: Loose },
      },
    },
    async (request) => {
      const { tenantNo, actor } = principalOf(request)
      const policies = parsePolicies(request.body)
      await records.act('putSetting', { tenantNo, name: ERASURE_POLICY, value: JSON.stringify(policies), at: clock.now(), actor })
      return { ...policies }
    },
  )
}

function resourceOf(erasure: Erasure) {
  const { id, state, classes, kept, sealed, keyDigest, begunAt, doneAt, deadFrom } = erasure
  if (!id) throw new TrailError('not_found', 'There is no erasure of this id here.', { input: 'id' })
  return {
    id,
    state,
    classes: [...classes],
    kept: kept.map(({ class: of, until, ground }) => ({ class: of, until: timeText(until), ground })),
    values: sealed,
    keysDigest: keyDigest,
    begunAt: timeText(begunAt),
    doneAt: timeText(doneAt),
    deadInBackupsFrom: timeText(deadFrom),
  }
}
