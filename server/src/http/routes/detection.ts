import { Type } from 'typebox'
import { lastCanaryTest, type CanaryTest } from '../../detect/canary-test.ts'
import { checkZone, ZONE_DEFAULT, ZONE_SETTING } from '../../detect/known-zones.ts'
import { type App, principalOf } from '../app.ts'
import { seesCanaries } from '../canary-veil.ts'
import type { HttpParts } from '../parts.ts'
import { closed } from '../schemas.ts'

/** Longer than any name in the database of zones. */
const ZONE_CHARACTERS_MAX = 64

const CanaryTestSchema = closed({
  at: Type.String(),
  state: Type.Union([Type.Literal('running'), Type.Literal('passed'), Type.Literal('failed')]),
  tookMs: Type.Union([Type.Integer(), Type.Null()], { description: 'from the presentation to the finding' }),
  failure: Type.Union([Type.String(), Type.Null()]),
})

/** By whose clock a tenant's days and weeks are learned, and whether a canary would alarm. */
export function detectionRoutes(app: App, { access, records, clock }: HttpParts): void {
  const body = closed({
    timeZone: Type.String({ minLength: 1, maxLength: ZONE_CHARACTERS_MAX, description: 'IANA time zone, such as Europe/Berlin' }),
  })
  const state = closed({ ...body.properties, canaryTest: Type.Optional(Type.Union([CanaryTestSchema, Type.Null()])) })
  app.get(
    '/v1/detection',
    {
      config: { permission: 'findings:read', reading: true },
      schema: {
        tags: ['findings'],
        summary: 'How detection is set for this tenant, and how the last monthly test of canaries went',
        description: 'The test is shown to roles that may know of canaries; null before the first.',
        response: { 200: state },
      },
    },
    async (request) => {
      const { tenantNo } = principalOf(request)
      const timeZone = (await records.read.setting(tenantNo, ZONE_SETTING)) ?? ZONE_DEFAULT
      if (!seesCanaries(access, request)) return { timeZone }
      return { timeZone, canaryTest: canaryTestOf(await lastCanaryTest(records.read, tenantNo)) }
    },
  )
  app.put(
    '/v1/detection',
    {
      config: { permission: 'playbook:write' },
      schema: {
        tags: ['findings'],
        summary: 'Say by whose clock the hours of the week are learned',
        description:
          'Within half a minute; what was learned of an hour stays with its moment. Recorded as a change of configuration.',
        body,
        response: { 200: body },
      },
    },
    async (request) => {
      const { tenantNo, actor } = principalOf(request)
      const timeZone = checkZone(request.body.timeZone)
      await records.act('putSetting', { tenantNo, name: ZONE_SETTING, value: timeZone, at: clock.now(), actor })
      return { timeZone }
    },
  )
}

function canaryTestOf(test: CanaryTest | null) {
  return test && { at: new Date(test.at).toISOString(), state: test.state, tookMs: test.tookMs, failure: test.failure }
}
