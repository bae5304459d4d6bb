import fastify from 'fastify'
import { createTokentrail, fastifyGuard } from 'tokentrail'

const trail = createTokentrail({
  url: process.env.TOKENTRAIL_URL ?? 'http://127.0.0.1:4600',
  token: process.env.TOKENTRAIL_TOKEN ?? '',
  service: 'orders',
  onFailure: (error) => console.error(error.message),
})

const app = fastify({ requestTimeout: 30_000, connectionTimeout: 30_000 })
app.get<{ Params: { id: string } }>(
  '/orders/:id',
  { onRequest: fastifyGuard(trail, { scopes: ['orders:read'] }) },
  (request) => ({
    order: request.params.id,
  }),
)
app.addHook('onClose', () => trail.close())
console.log(`${await app.listen({ port: 4702 })}/orders/17`)
