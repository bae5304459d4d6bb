import { codeOf, stepOf } from '../../src/access/totp.ts'
import { HUMAN_ROLES, type Role, ROLES, type Tenant } from '../../src/records/records.ts'
import { HEAVY_ROLES } from '../../src/records/role-rules.ts'
import type { Front, Reply } from '../http/support.ts'

type Method = 'GET' | 'POST' | 'PATCH' | 'PUT' | 'DELETE'

/** Somebody who calls: by session with a second factor, or a service by its token. */
export interface Player {
  readonly role: Role
  readonly owner: string
  readonly tokenId: string
  readonly text: string
  call(method: Method, url: string, body?: unknown): Promise<Reply>
}

/** One of each role, each another person. */
export async function castOf(front: Front, tenant: Tenant = front.own): Promise<ReadonlyMap<Role, Player>> {
  const players = new Map<Role, Player>()
  for (const role of ROLES) players.set(role, await playerOf(front, role, tenant))
  return players
}

export async function playerOf(
  front: Front,
  role: Role,
  tenant: Tenant = front.own,
  owner = `person-${role}-${tenant.no}`,
): Promise<Player> {
  const { text, id } = await front.token({ role, owner, tenant, scopes: ['read'] })
  const base = { role, owner, tokenId: id, text }
  if (!(HUMAN_ROLES as readonly Role[]).includes(role))
    return { ...base, call: (method, url, body) => front.call(text, method, url, body) }
  let session = await signIn(front, text)
  if (HEAVY_ROLES.has(role)) session = await enrol(front, session)
  return { ...base, call: (method, url, body) => bySession(front, session, method, url, body) }
}

/** A session as its browser holds it. */
export interface Signed {
  readonly cookie: string
  readonly csrf: string
}

export async function signIn(front: Front, token: string, factor?: string): Promise<Signed> {
  const payload = factor === undefined ? { token } : { token, factor }
  const answer = await front.app.inject({ method: 'POST', url: '/v1/session', payload })
  if (answer.statusCode !== 200) throw new Error(`signing in: ${answer.statusCode} ${answer.body}`)
  return { cookie: cookieOf(answer.headers['set-cookie']), csrf: answer.json().csrf }
}

/** Sets a second factor up and proves it; gives the session under its new id. */
export async function enrol(front: Front, session: Signed): Promise<Signed> {
  const { body } = await bySession(front, session, 'POST', '/v1/second-factor', {})
  const code = codeOf(bytesOf(body.secret), stepOf(front.clock.now()))
  const answer = await inject(front, session, 'POST', '/v1/second-factor/prove', { code })
  if (answer.statusCode !== 200) throw new Error(`second factor: ${answer.statusCode} ${answer.body}`)
  return { cookie: cookieOf(answer.headers['set-cookie']), csrf: answer.json().csrf }
}

export async function bySession(front: Front, session: Signed, method: Method, url: string, body?: unknown): Promise<Reply> {
  const answer = await inject(front, session, method, url, body)
  return { status: answer.statusCode, headers: answer.headers, text: answer.body, body: jsonOf(answer.body) }
}

export function inject(front: Front, { cookie, csrf }: Signed, method: Method, url: string, body?: unknown) {
  const headers = { cookie, 'x-csrf-token': csrf, 'sec-fetch-site': 'same-origin' }
  return front.app.inject({ method, url, headers, ...(body === undefined ? {} : { payload: body as object }) })
}

/** Base32 as an authenticator app reads it. */
export function bytesOf(base32: string): Uint8Array {
  const bits = base32
    .split('')
    .map((char) => 'ABCDEFGHIJKLMNOPQRSTUVWXYZ234567'.indexOf(char).toString(2).padStart(5, '0'))
    .join('')
  return Uint8Array.from({ length: Math.floor(bits.length / 8) }, (_, i) => Number.parseInt(bits.slice(i * 8, i * 8 + 8), 2))
}

function cookieOf(header: string | string[] | undefined): string {
  return [header].flat()[0]?.split(';')[0] ?? ''
}

function jsonOf(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    return undefined
  }
}
