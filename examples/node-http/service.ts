import { createServer } from 'node:http'
import { createTokentrail, nodeGuard } from 'tokentrail'
import type { IncomingMessage, ServerResponse } from 'node:http'

const trail = createTokentrail({
  url: process.env.TOKENTRAIL_URL ?? 'http://127.0.0.1:4600',
  token: process.env.TOKENTRAIL_TOKEN ?? '',
  service: 'orders',
  onFailure: (error) => console.error(error.message),
})

const guard = nodeGuard(trail, { scopes: ['orders:read'], route: '/orders' })

async function answer(request: IncomingMessage, response: ServerResponse): Promise<void> {
  const token = await guard(request, response)
  if (token !== undefined) response.end(JSON.stringify({ owner: token?.owner }))
}

const server = createServer((request, response) => void answer(request, response))
server.listen(4703, () => console.log('http://localhost:4703/orders'))
