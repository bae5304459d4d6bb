import { type Static, Type } from 'typebox'
import { TrailError } from '../../errors.ts'
import { KEK_DAYS, KEK_DAYS_DEFAULT } from '../../privacy/kek-change.ts'
import { SEALED_DAYS, SEALED_DAYS_MAX } from '../../privacy/sealed-addresses.ts'
import { LOOKUPS_PER_DAY } from '../../retention/reveals.ts'
import { type App, principalOf } from '../app.ts'
import type { HttpParts } from '../parts.ts'
import { closed, Text } from '../schemas.ts'
import { ApprovalAnswer, SecondPersonFields, withSecondPerson } from '../second-person.ts'
import { timeText } from '../times.ts'

const Instant = Type.String({ format: 'date-time' })
const PseudonymsSchema = Type.Object({
  pseudonyms: Type.Array(
    Type.Object({
      domain: Type.Enum(['address_day', 'address_month', 'network', 'owner'] as const),
      value: Type.String({ description: 'as the column of this name holds it' }),
      until: Type.Union([Instant, Type.Null()], { description: 'end of the time in which it is used' }),
    }),
  ),
})
const DisclosureSchema = Type.Object({
  event: Type.String(),
  field: Type.String(),
  salt: Type.String({ description: '32 bytes, base64url: with it the value opens its commitment' }),
  value: Type.String(),
})

/** Names the address that a tenant keeps encrypted for some days; every other field is one of an entry. */
const ADDRESS = 'address_sealed'

/** The ways from a number back to a person. Each is recorded before it answers. */
export function privacyRoutes(app: App, parts: HttpParts): void {
  lookingUp(app, parts)
  revealing(app, parts)
  sealedAddresses(app, parts)
  keys(app, parts)
}

function lookingUp(app: App, parts: HttpParts): void {
  const { subjects, records, clock } = parts
  app.post(
    '/v1/privacy/pseudonym',
    {
      config: { permission: 'pseudonyms:reveal' },
      schema: {
        tags: ['privacy'],
        summary: 'Under which numbers a known address or owner stands in events',
        description: `Re-identification: ${LOOKUPS_PER_DAY} a day, then with a second person; always recorded (\`pseudonym.revealed\`).`,
        body: closed({ ...SecondPersonFields, address: Type.Optional(Text), owner: Type.Optional(Text) }),
        response: { 200: PseudonymsSchema, 202: ApprovalAnswer },
      },
    },
    async (request, reply) => {
      const principal = principalOf(request)
      const { tenantNo, actor } = principal
      const { address, owner, ground = '' } = request.body
      if ((address === undefined) === (owner === undefined))
        throw new TrailError('body_invalid', 'Name an address or an owner, one of the two.', { input: '/address' })
      const asked = (approval: string | null, params: string) => ({ tenantNo, approval, params, ground, actor })
      const run = async (approval: string | null, params: string) =>
        address === undefined
          ? ownerNumber(await subjects.reveals.numberOf({ ...asked(approval, params), owner: owner ?? '' }))
          : (await subjects.reveals.pseudonymsOf({ ...asked(approval, params), address })).map(({ domain, value, until }) => ({
              domain,
              value: String(value),
              until: timeText(until),
            }))
      const params = { lookup: address === undefined ? 'owner' : 'address' }
      const isFree = (await records.read.revealsOf(tenantNo, actor.no, clock.now())) < LOOKUPS_PER_DAY
      if (isFree) return { pseudonyms: await run(null, '{}') }
      const answer = await withSecondPerson(parts, reply, { principal, action: 'value.reveal', params, body: request.body, run })
      return 'asked' in answer ? answer.asked : { pseudonyms: answer.done }
    },
  )
}

function ownerNumber(no: number | null) {
  return no === null ? [] : [{ domain: 'owner' as const, value: String(no), until: null }]
}

function revealing(app: App, parts: HttpParts): void {
  const { reveals } = parts.subjects
  const openValue = async (asked: Parameters<typeof reveals.reveal>[0]): Promise<Static<typeof DisclosureSchema>> =>
    asked.field === ADDRESS
      ? { event: asked.event, field: ADDRESS, salt: '', value: await reveals.addressOf(asked) }
      : reveals.reveal(asked)
  app.post(
    '/v1/privacy/reveal',
    {
      config: { permission: 'values:reveal' },
      schema: {
        tags: ['privacy'],
        summary: 'Open a sealed value of the audit log',
        description:
          'With a second person; recorded (`pseudonym.revealed`). `field` is a hidden field of the entry, or `address_sealed`. The answer opens the commitment in the entry: anybody can check it.',
        body: closed({ ...SecondPersonFields, event: Text, field: Text }),
        response: { 200: DisclosureSchema, 202: ApprovalAnswer },
      },
    },
    async (request, reply) => {
      const principal = principalOf(request)
      const { tenantNo, actor } = principal
      const { event, field, ground = '' } = request.body
      const answer = await withSecondPerson(parts, reply, {
        principal,
        action: 'value.reveal',
        params: { event, field },
        body: request.body,
        run: (approval, params) => openValue({ tenantNo, event, field, approval, params, ground, actor }),
      })
      return 'asked' in answer ? answer.asked : { ...answer.done }
    },
  )
}

function sealedAddresses(app: App, { records, clock, subjects }: HttpParts): void {
  app.put(
    '/v1/privacy/sealed-addresses',
    {
      config: { permission: 'subjects:restrict' },
      schema: {
        tags: ['privacy'],
        summary: 'For how many days addresses are kept encrypted',
        description: 'Off unless set. The key of each day is destroyed when its days are over; 0 destroys all of them now.',
        body: closed({ days: Type.Integer({ minimum: 0, maximum: SEALED_DAYS_MAX }) }),
        response: { 200: Type.Object({ days: Type.Integer() }) },
      },
    },
    async (request) => {
      const { tenantNo, actor } = principalOf(request)
      const { days } = request.body
      await records.act('putSetting', { tenantNo, name: SEALED_DAYS, value: String(days), at: clock.now(), actor })
      await subjects.sealedDaysChanged(tenantNo)
      return { days }
    },
  )
}

function keys(app: App, { subjects, records, clock }: HttpParts): void {
  app.put(
    '/v1/keys/rotation',
    {
      config: { permission: 'keys:write' },
      schema: {
        tags: ['privacy'],
        summary: 'After how many days the key-encryption key changes by itself',
        description: `${KEK_DAYS_DEFAULT} unless set; 0 = by hand only.`,
        body: closed({ days: Type.Integer({ minimum: 0, maximum: 365 }) }),
        response: { 200: Type.Object({ days: Type.Integer() }) },
      },
    },
    async (request) => {
      const { tenantNo, actor } = principalOf(request)
      const { days } = request.body
      await records.act('putSetting', { tenantNo, name: KEK_DAYS, value: String(days), at: clock.now(), actor })
      return { days }
    },
  )

  app.post(
    '/v1/keys/rotate-kek',
    {
      config: { permission: 'keys:write' },
      schema: {
        tags: ['privacy'],
        summary: 'Change the key-encryption key',
        description:
          'Every living key is wrapped anew and the predecessor is destroyed: remnants of destroyed keys on disk cannot be opened after it.',
        body: closed({}),
        response: { 200: Type.Object({ rewrapped: Type.Integer(), madeAt: Instant }) },
      },
    },
    async (request) => {
      const { rewrapped } = await subjects.kek.rotate({ at: clock.now(), actor: principalOf(request).actor })
      return { rewrapped, madeAt: timeText(subjects.kek.madeAt()) }
    },
  )
}
