import { Type } from 'typebox'
import { TrailError } from '../../errors.ts'
import { type App, principalOf } from '../app.ts'
import type { HttpParts } from '../parts.ts'
import { closed, IdParams } from '../schemas.ts'

const Denied = Type.Object({
  id: Type.String(),
  denied: Type.Literal(true),
  since: Type.String(),
  recorded: Type.Boolean({ description: 'false: records could not be written yet; it is done when they can' }),
})

/** Emergency denial: works while records do not. */
export function denialRoutes(app: App, { denials }: HttpParts): void {
  app.post(
    '/v1/tokens/:id/deny',
    {
      config: { permission: 'tokens:deny' },
      schema: {
        tags: ['tokens'],
        summary: 'Refuse a token at this node, at once, also while records are down',
        description:
          'The token is refused at the door of this node from the next validation on. It is no revocation: when records can be written the token is suspended there, with `emergency: true` in the log. An id that nobody has is accepted, because records may not be there to ask.',
        params: IdParams,
        body: Type.Optional(closed({})),
        response: { 202: Denied },
      },
    },
    async (request, reply) => {
      const { tenantNo, actor } = principalOf(request)
      const { id } = request.params
      const { key, at } = written(() => denials.add(id, { tenantNo, by: actor }))
      const recorded = !denials.list().some((denial) => denial.key === key)
      return reply.code(202).send({ id, denied: true, since: new Date(at).toISOString(), recorded })
    },
  )
}

/** In force even when it throws; then only until this process ends. */
function written<Denial>(add: () => Denial): Denial {
  try {
    return add()
  } catch (cause) {
    if (cause instanceof TrailError) throw cause
    throw new TrailError(
      'denial_not_durable',
      'The token is refused here from now on, but not after a restart: the file of denied tokens cannot be written. Make room or repair the disk, and deny it again.',
      { cause },
    )
  }
}
