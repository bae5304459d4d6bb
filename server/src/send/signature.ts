import { createHmac, randomBytes, timingSafeEqual } from 'node:crypto'

const PREFIX = 'whsec_'

/** A new secret of a webhook, in the form of Standard Webhooks. */
export function newWebhookSecret(): string {
  return secretOf(randomBytes(32))
}

/** The text of a secret, as receivers are given it. */
export function secretOf(bytes: Uint8Array): string {
  return PREFIX + Buffer.from(bytes).toString('base64')
}

/** The bytes of a secret, with which messages are signed. */
export function secretBytes(secret: string): Uint8Array {
  return Buffer.from(secret.startsWith(PREFIX) ? secret.slice(PREFIX.length) : secret, 'base64')
}

/** Headers that let the receiver know who sent this, and when (Standard Webhooks 1.0). */
export function signatureHeaders(secret: string, id: string, atSeconds: number, body: string): Readonly<Record<string, string>> {
  const signature = createHmac('sha256', secretBytes(secret)).update(`${id}.${atSeconds}.${body}`).digest('base64')
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
