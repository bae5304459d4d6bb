import { Type } from 'typebox'
import { type App } from '../app.ts'
import type { HttpParts } from '../parts.ts'
import { closed } from '../schemas.ts'

const Check = Type.Object({
  name: Type.String(),
  state: Type.Enum(['holds', 'fails', 'cannot say']),
  says: Type.String(),
  wrong: Type.Array(Type.String(), { description: 'the first ones' }),
})

/** Whether everything that must be in the audit log is there. */
export function reconcileRoutes(app: App, { reconciliation }: HttpParts): void {
  app.post(
    '/v1/audit/reconcile',
    {
      config: { permission: 'log:install', reading: true },
      schema: {
        tags: ['audit'],
        summary: 'Compare records, journal and store with the audit log',
        description:
          'Runs each night by itself, with the event `audit.verified` or `audit.verification_failed`. It goes on where the last run that held has ended.',
        body: Type.Optional(closed({})),
        response: { 200: Type.Object({ at: Type.String(), isGood: Type.Boolean(), checks: Type.Array(Check) }) },
      },
    },
    async () => {
      const { at, isGood, checks } = await reconciliation.run()
      return { at: new Date(at).toISOString(), isGood, checks: checks.map((check) => ({ ...check, wrong: [...check.wrong] })) }
    },
  )
}
