import type { FastifyInstance } from 'fastify'
import type { AuditLog } from '../audit/audit.ts'

const WAIT_MS_MAX = 2000
const READS = new Set(['GET', 'HEAD', 'OPTIONS'])

/**
 * A write with `?wait=proof` is answered when a published checkpoint covers what it did, at most 2 s later. The header
 * `tokentrail-proof` says whether one does: `covered`, or `waiting`. The write itself is done in either case.
 */
export function waitForProofs(app: FastifyInstance, { audit }: { audit: Pick<AuditLog, 'flush'> }): void {
  app.addHook('onSend', async (request, reply, payload: unknown) => {
    const { wait } = request.query as { wait?: unknown }
    if (wait !== 'proof' || READS.has(request.method) || reply.statusCode >= 300) return payload
    const isCovered = await audit.flush(WAIT_MS_MAX).then(
      () => true,
      () => false,
    )
    reply.header('tokentrail-proof', isCovered ? 'covered' : 'waiting')
    return payload
  })
}
