import { createHash } from 'node:crypto'
import { createTokentrail } from 'tokentrail'

/** What this service had before: its own table of keys and its own check. */
const keys = new Map([[digest('demo-key'), { id: 'key-1', owner: 'ada', revoked: false }]])

function verifyApiKey(text: string) {
  const key = keys.get(digest(text))
  return key && !key.revoked ? key : null
}

function digest(text: string): string {
  return createHash('sha256').update(text).digest('hex')
}

const trail = createTokentrail({
  url: process.env.TOKENTRAIL_URL ?? 'http://127.0.0.1:4600',
  token: process.env.TOKENTRAIL_TOKEN ?? '',
  service: 'orders',
  onFailure: (error) => console.error(error.message),
})

/** The same function, and every verdict is recorded. The key's text never leaves the process. */
const verify = trail.wrapVerifier(verifyApiKey, (outcome) =>
  'result' in outcome && outcome.result
    ? { token: outcome.result.id, owner: outcome.result.owner, kind: 'access' }
    : { reason: 'unknown' },
)

console.log(await verify('demo-key'), await verify('guessed-key'))
await trail.close()
console.log(trail.statistics())
