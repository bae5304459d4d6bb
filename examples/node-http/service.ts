import { createServer } from 'node:http'
import { createTokentrail, nodeGuard } from 'tokentrail'

const trail = createTokentrail({
  url: process.env.TOKENTRAIL_URL ?? 'http://127.0.0.1:4600',
  token: process.env.TOKENTRAIL_TOKEN ?? '',
  service: 'orders',
  onFailure: (error) => console.error(error.message),
})

const guard = nodeGuard(trail, { scopes: ['orders:read'], route: '/orders' })

const server = createServer((request, response) => {
  void guard(request, response).then((token) => {
    if (token !== undefined) response.end(JSON.stringify({ owner: token?.owner }))
  })
})
server.listen(4703, () => console.log('http://localhost:4703/orders'))
