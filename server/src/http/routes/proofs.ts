import { Type } from 'typebox'
import { createEventProofs } from '../../audit/event-proofs.ts'
import { type App, principalOf } from '../app.ts'
import type { HttpParts } from '../parts.ts'
import { closed, IdParams } from '../schemas.ts'

const WAIT_MS_MAX = 2000

/** Proofs of single events, which anyone can check without this server. */
export function proofRoutes(app: App, { audit, records, store, log }: HttpParts): void {
  const onMismatch = ({ id }: { id: string }): void =>
    log.error({ batch: id }, 'rows in the store are not those that were recorded')
  const proofs = createEventProofs({ audit, read: records.read, store, onMismatch })
  app.get(
    '/v1/events/:id/proof',
    {
      config: { permission: 'log:read', reading: true },
      schema: {
        tags: ['audit'],
        summary: 'The proof that an event was recorded',
        description:
          'An event with a leaf of its own: text of a C2SP tlog-proof whose extra is the entry. A counted event: JSON with its row, the path to the root of its batch, and the tlog-proof of the batch. `wait=proof` waits up to 2 s for the checkpoint. Check either with `tokentrail verify`.',
        params: IdParams,
        querystring: closed({ wait: Type.Optional(Type.Literal('proof')) }),
      },
    },
    async (request, reply) => {
      const waitMs = request.query.wait === 'proof' ? WAIT_MS_MAX : 0
      const made = await proofs.prove(principalOf(request).tenantNo, request.params.id, { waitMs })
      if (made.form === 'row') return reply.type('application/json; charset=utf-8').send(made.proof)
      return reply.type('text/plain; charset=utf-8').send(made.text)
    },
  )
}
