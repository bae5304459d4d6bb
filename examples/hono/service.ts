import { Hono } from 'hono'
import { createTokentrail, honoGuard } from 'tokentrail'
import type { ValidatedToken } from 'tokentrail'

const trail = createTokentrail({
  url: process.env.TOKENTRAIL_URL ?? 'http://127.0.0.1:4600',
  token: process.env.TOKENTRAIL_TOKEN ?? '',
  service: 'orders',
  onFailure: (error) => console.error(error.message),
})

const app = new Hono<{ Variables: { token: ValidatedToken | undefined } }>()
app.get('/orders/:id', honoGuard(trail, { scopes: ['orders:read'] }), (context) =>
  context.json({ order: context.req.param('id'), owner: context.get('token')?.owner }),
)

/** Deno, Bun and edge runtimes serve this; on Node use `@hono/node-server`. */
export default app
