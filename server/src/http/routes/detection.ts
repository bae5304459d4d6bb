import { Type } from 'typebox'
import { checkZone, ZONE_DEFAULT, ZONE_SETTING } from '../../detect/known-zones.ts'
import { type App, principalOf } from '../app.ts'
import type { HttpParts } from '../parts.ts'
import { closed } from '../schemas.ts'

/** Longer than any name in the database of zones. */
const ZONE_CHARACTERS_MAX = 64

/** By whose clock a tenant's days and weeks are learned. */
export function detectionRoutes(app: App, { records, clock }: HttpParts): void {
  const body = closed({
    timeZone: Type.String({ minLength: 1, maxLength: ZONE_CHARACTERS_MAX, description: 'IANA time zone, such as Europe/Berlin' }),
  })
  app.get(
    '/v1/detection',
    {
      config: { permission: 'findings:read', reading: true },
      schema: { tags: ['findings'], summary: 'How detection is set for this tenant', response: { 200: body } },
    },
    async (request) => ({ timeZone: (await records.read.setting(principalOf(request).tenantNo, ZONE_SETTING)) ?? ZONE_DEFAULT }),
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
