import type { IngestEvent } from './event.ts'

/** What a middleware knows of a request, in any framework. */
export interface RequestFacts {
  readonly method?: string | undefined
  /** Route template such as `/orders/{id}`; a raw path never stands here. */
  readonly route?: string | undefined
  readonly ip?: string | undefined
  readonly userAgent?: string | undefined
  readonly requestId?: string | undefined
}

/** The token in `Authorization: Bearer …` (RFC 6750 §2.1); `undefined` where there is none. */
export function bearerToken(authorization: string | null | undefined): string | undefined {
  const match = /^Bearer +(\S+) *$/i.exec((authorization ?? '').slice(0, 8192))
  return match?.[1]
}

/** A framework's `/orders/:id` or `/orders/*` as the template `/orders/{id}`, `/orders/{*}`. */
export function routeTemplate(route: string | undefined): string | undefined {
  return route?.replaceAll(/:([A-Za-z0-9_]+)(\([^)]*\))?[?+*]?/g, '{$1}').replaceAll(/(?<!\{)\*(?!\})/g, '{*}')
}

/** SHA-256 in hex of a presented text, which stands for it where it belongs to nobody known. */
export async function credentialDigest(text: string): Promise<string> {
  const digest = await crypto.subtle.digest('SHA-256', new TextEncoder().encode(text))
  return Array.from(new Uint8Array(digest), (byte) => byte.toString(16).padStart(2, '0')).join('')
}

/** The facts that have a value, ready to stand in an event. */
export function present<T extends object>(facts: T): { [K in keyof T]?: Exclude<T[K], undefined> } {
  return Object.fromEntries(Object.entries(facts).filter(([, value]) => value !== undefined)) as {
    [K in keyof T]?: Exclude<T[K], undefined>
  }
}

/** A source of ids for events: unique to this client and run, so that a retry is recognised as a repeat. */
export function createIds(): () => string {
  const run = crypto.randomUUID()
  let count = 0
  return () => `${run}:${(count++).toString(36)}`
}

/** Events that a client lost before they reached the server, declared as the server declares its own. */
export function lossEvent(reason: 'client_buffer_full' | 'client_gave_up', count: number, at: number): IngestEvent {
  return { type: 'loss.declared', reason, count, at }
}
