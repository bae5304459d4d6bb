import express from 'express'
import { createTokentrail, expressGuard } from 'tokentrail'

const trail = createTokentrail({
  url: process.env.TOKENTRAIL_URL ?? 'http://127.0.0.1:4600',
  token: process.env.TOKENTRAIL_TOKEN ?? '',
  service: 'orders',
  onFailure: (error) => console.error(error.message),
})

const app = express()
app.get('/orders/:id', expressGuard(trail, { scopes: ['orders:read'] }), (request, response) => {
  response.json({ order: request.params.id })
})
app.listen(4701, () => console.log('http://localhost:4701/orders/17'))
