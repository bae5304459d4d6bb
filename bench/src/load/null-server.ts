import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'

/** Reads a body and answers as much as a validation answers: what any server on `node:http` costs at least. */
const ANSWER = JSON.stringify({
  verdict: 'accepted',
  answer: 'accepted',
  reason: 'accepted',
  token: { id: 'A'.repeat(16), kind: 'access', owner: 'owner-1', name: null, scopes: ['orders:read'], expiresAt: null },
})

const server = createServer((request, response) => {
  request.resume().once('end', () => {
    response.writeHead(200, { 'content-type': 'application/json', 'content-length': Buffer.byteLength(ANSWER) })
    response.end(ANSWER)
  })
})
server.listen(0, '127.0.0.1', () => process.send?.((server.address() as AddressInfo).port))
