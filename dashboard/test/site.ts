import { readFileSync, readdirSync } from 'node:fs'
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import { extname, join, relative } from 'node:path'
import { fileURLToPath } from 'node:url'
import type { QuestionName } from '../src/api/types.ts'
import { answer, token } from './recorded.ts'
import { type RecordedLog, recordedLog } from './recorded-audit.ts'
import { blastRadius, findingDetail, findings, incidents } from './recorded-findings.ts'
import { reportCatalogue } from './recorded-reports.ts'
import { settingsAnswers } from './recorded-settings.ts'

export const DIST = fileURLToPath(new URL('../dist', import.meta.url))
/** The policy that the server sends with every page: nothing from elsewhere, no inline script or style, no eval. */
const POLICY =
  "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; font-src 'self'; connect-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
export const GOOD_TOKEN = 'ttk_good'
export const GOOD_CODE = 'good-code'

type Reply = { readonly status?: number; readonly body?: unknown }
type Override = (request: {
  readonly method: string
  readonly path: string
  readonly query: URLSearchParams
  readonly body: unknown
  readonly headers: IncomingMessage['headers']
}) => Reply | undefined

/** A server of the built dashboard and of recorded answers, owned by a test: it stands in for the network. */
export interface Site {
  readonly url: string
  /** Every request that was made to the API, oldest first. */
  readonly requests: string[]
  isSignedIn: boolean
  role: string
  /** The log that this server keeps. */
  log: RecordedLog
  override: Override
  /** Keeps a reply, already made, back until the promise is kept. */
  hold: (method: string, path: string) => Promise<void> | undefined
  /** Sends a message to every open stream, once there is one. */
  send(name: string, data: unknown): Promise<void>
  close(): Promise<void>
}

const TYPES: Readonly<Record<string, string>> = {
  '.html': 'text/html; charset=utf-8',
  '.js': 'text/javascript',
  '.css': 'text/css',
  '.svg': 'image/svg+xml',
}

export async function openSite(): Promise<Site> {
  const files = new Map(
    readdirSync(DIST, { recursive: true, withFileTypes: true })
      .filter((entry) => entry.isFile())
      .map((entry) => [
        `/${relative(DIST, join(entry.parentPath, entry.name))}`,
        readFileSync(join(entry.parentPath, entry.name)),
      ]),
  )
  const streams = new Set<ServerResponse>()
  const waiting: (() => void)[] = []
  const site: Site = {
    url: '',
    requests: [],
    isSignedIn: true,
    role: 'admin',
    log: await recordedLog(300, Date.now()),
    override: () => undefined,
    hold: () => undefined,
    send,
    close,
  }
  const server = createServer((request, response) => void serve(request, response))
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  return Object.assign(site, { url: `http://127.0.0.1:${(server.address() as AddressInfo).port}` })

  async function serve(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const { pathname: path, searchParams: query } = new URL(request.url ?? '/', 'http://site')
    if (path.startsWith('/v1/')) return api(request, response, path, query)
    if (path.startsWith('/audit/')) return logFile(response, path.slice('/audit/'.length))
    const name = files.has(path) ? path : '/index.html'
    response.writeHead(200, {
      'content-type': TYPES[extname(name)] ?? 'application/octet-stream',
      'content-security-policy': POLICY,
    })
    response.end(files.get(name))
  }

  function logFile(response: ServerResponse, name: string): void {
    const file = site.log.files.get(name)
    response.writeHead(file ? 200 : 404, { 'content-type': 'application/octet-stream' })
    response.end(file)
  }

  async function api(request: IncomingMessage, response: ServerResponse, path: string, query: URLSearchParams): Promise<void> {
    site.requests.push(`${request.method} ${path}${query.size > 0 ? `?${query}` : ''}`)
    if (path === '/v1/live') return live(response)
    const body = await bodyOf(request)
    const { status = 200, body: reply } =
      site.override({ method: request.method ?? '', path, query, body, headers: request.headers }) ??
      replyTo(site, request.method ?? '', path, query, body)
    await site.hold(request.method ?? '', path)
    response.writeHead(status, { 'content-type': 'application/json' })
    response.end(reply === undefined ? '' : JSON.stringify(reply))
  }

  function live(response: ServerResponse): void {
    streams.add(response)
    response.once('close', () => streams.delete(response))
    response.writeHead(200, { 'content-type': 'text/event-stream', 'cache-control': 'no-store' })
    const at = Math.floor(Date.now() / 1000) * 1000
    response.write(
      message('counts', { seconds: [{ at, accepted: 240, invalid: 9, forbidden: 3, throttled: 0, unavailable: 0 }] }),
    )
    for (const wake of waiting.splice(0)) wake()
  }

  async function send(name: string, data: unknown): Promise<void> {
    if (streams.size === 0) await new Promise<void>((resolve) => waiting.push(resolve))
    for (const stream of streams) stream.write(message(name, data))
  }

  async function close(): Promise<void> {
    for (const stream of streams) stream.destroy()
    server.closeAllConnections()
    await new Promise((resolve) => server.close(resolve))
  }
}

function message(name: string, data: unknown): string {
  return `event: ${name}\ndata: ${JSON.stringify(data)}\n\n`
}

function replyTo(site: Site, method: string, path: string, query: URLSearchParams, body: unknown): Reply {
  if (path === '/v1/session') return sessionReply(site, method, body)
  if (!site.isSignedIn) return problem(401, 'not_authenticated', 'Sign in.')
  const question = /^\/v1\/questions\/(.+)$/.exec(path)?.[1]
  if (question) return { body: answer(question as QuestionName, query) }
  const set = settingsAnswers(Date.now())[path]
  if (set !== undefined) return { body: set }
  if (path === '/v1/reports') return { body: reportCatalogue }
  if (path.startsWith('/v1/reports/')) return { body: { report: path, asked: body } }
  if (path === '/v1/audit') return { body: site.log.state }
  if (path === '/v1/audit/entries') return { body: { items: site.log.entries.slice(-50).toReversed() } }
  const found = findingsReply(site, path, query)
  if (found) return found
  if (path === '/v1/tokens') return { body: tokenPage(query) }
  const id = /^\/v1\/tokens\/(\w+)$/.exec(path)?.[1]
  if (id) return { body: { ...token(Number(id.replace('tok', '')), Date.now()), family: ['tok0000000000091', id] } }
  const rotated = /^\/v1\/tokens\/(\w+)\/rotate$/.exec(path)
  if (rotated) return { status: 201, body: { ...token(3, Date.now()), id: 'tok0000000000092', token: 'ttk_shown_once' } }
  if (/^\/v1\/tokens\/\w+\/(revoke|suspend|resume)$/.test(path)) return { body: token(3, Date.now()) }
  return problem(404, 'not_found', 'There is nothing at this path.')
}

function findingsReply(site: Site, path: string, query: URLSearchParams): Reply | undefined {
  const now = Date.now()
  const all = findings(now)
  if (path === '/v1/findings/counts') return { body: { open: { critical: 1, high: 1, medium: 1, low: 1 } } }
  if (path === '/v1/detectors') return { body: { items: [{ name: 'guessing' }, { name: 'replay' }] } }
  if (/^\/v1\/tokens\/\w+\/blast-radius$/.test(path)) return { body: blastRadius(now) }
  if (!/^\/v1\/(findings|incidents)/.test(path)) return undefined
  if (site.role !== 'admin') return problem(403, 'not_permitted', 'The role does not permit findings:read.')
  if (path === '/v1/incidents') return { body: { items: incidents(now), heldBack: 2 } }
  if (path === '/v1/findings') return { body: findingPage(query, now) }
  const [, id, action] = /^\/v1\/findings\/(\w+)(?:\/(\w+))?$/.exec(path) ?? []
  const one = all.find((each) => each.id === id)
  if (!one) return problem(404, 'not_found', 'There is no finding of this id here.')
  if (action === 'suppress') {
    return { status: 201, body: { finding: one, suppression: { id: 'sup_1', state: 'active', endsAt: '2026-12-01T00:00:00Z' } } }
  }
  return { body: findingDetail(one, now) }
}

/** Three findings a page, narrowed as the query asks. */
function findingPage(query: URLSearchParams, now: number) {
  const matches = (name: string, value: string | null) => !query.has(name) || query.get(name) === value
  const all = findings(now).filter(
    ({ state, detector, incidentId }) =>
      matches('state', state) && matches('detector', detector) && matches('incident', incidentId),
  )
  const start = Number(query.get('cursor') ?? 0)
  return { items: all.slice(start, start + 3), ...(start + 3 < all.length ? { next: String(start + 3) } : {}) }
}

function sessionReply(site: Site, method: string, body: unknown): Reply {
  const { token: text, code } = (body ?? {}) as { readonly token?: string; readonly code?: string }
  if (method === 'POST') site.isSignedIn = text === GOOD_TOKEN || code === GOOD_CODE
  if (method === 'DELETE') site.isSignedIn = false
  if (method === 'DELETE') return { status: 204 }
  if (!site.isSignedIn) return problem(401, 'not_authenticated', 'This credential is not accepted.')
  const permissions =
    site.role === 'admin' ? ['tokens:write', 'rows:read', 'figures:read', 'findings:read', 'findings:write'] : ['figures:read']
  return {
    body: {
      principal: { role: site.role, tenant: 'Demo', name: 'first admin', owner: 'admin', token: 'tokadmin', permissions },
      csrf: 'csrf-1',
      expiresAt: '2026-12-01T00:00:00Z',
      idleSeconds: 1800,
    },
  }
}

function tokenPage(query: URLSearchParams) {
  const [start, limit] = [Number(query.get('cursor') ?? 0), Number(query.get('limit') ?? 50)]
  const items = Array.from({ length: limit }, (_, index) => token(start + index, Date.now())).filter(
    (each) => !query.get('state') || each.state === query.get('state'),
  )
  return { items, ...(start + limit < 400 ? { next: String(start + limit) } : {}) }
}

export function problem(status: number, code: string, detail: string): Reply {
  return { status, body: { type: `urn:tokentrail:problem:${code}`, title: code, status, code, detail, requestId: 'req-1' } }
}

async function bodyOf(request: IncomingMessage): Promise<unknown> {
  let text = ''
  for await (const chunk of request) text += String(chunk)
  return text === '' ? undefined : JSON.parse(text)
}
