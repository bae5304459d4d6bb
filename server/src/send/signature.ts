import { createHmac, randomBytes, timingSafeEqual } from 'node:crypto'

const PREFIX = 'whsec_'

/** A new secret of a webhook, in the form of Standard Webhooks. */
export function newWebhookSecret(): string {
  return PREFIX + randomBytes(32).toString('base64')
}

/** Headers that let the receiver know who sent this, and when (Standard Webhooks 1.0). */
export function signatureHeaders(secret: string, id: string, atSeconds: number, body: string): Readonly<Record<string, string>> {
  const key = Buffer.from(secret.startsWith(PREFIX) ? secret.slice(PREFIX.length) : secret, 'base64')
  const signature = createHmac('sha256', key).update(`${id}.${atSeconds}.${body}`).digest('base64')
  return { 'webhook-id': id, 'webhook-timestamp': String(atSeconds), 'webhook-signature': `v1,${signature}` }
}

/** Does one of the signatures of a request agree? For receivers and tests. */
export function isSignedBy(secret: string, headers: Readonly<Record<string, string>>, body: string): boolean {
  const { 'webhook-id': id = '', 'webhook-timestamp': at = '', 'webhook-signature': given = '' } = headers
  const wanted = Buffer.from(signatureHeaders(secret, id, Number(at), body)['webhook-signature'] ?? '')
  return given.split(' ').some((each) => {
    const bytes = Buffer.from(each)
    return bytes.length === wanted.length && timingSafeEqual(bytes, wanted)
  })
}
