import fastifyStatic from '@fastify/static'
import type { FastifyReply, FastifyRequest } from 'fastify'
import { existsSync, readdirSync, readFileSync } from 'node:fs'
import { join, relative, sep } from 'node:path'
import { TrailError } from '../errors.ts'
import { type App, templateOf } from './app.ts'
import { sendProblem } from './problem.ts'

/** Stands for a path that is not well-formed. */
export const BAD_URL = '/-/bad-url'
const INDEX = 'index.html'
/** The page that verifies packs: one file, which brings its own policy. */
const VERIFY = 'verify.html'

/**
 * What no route answers: a file of the dashboard, its page for any address that a browser navigates to, or a problem.
 * Only names found in the folder at start are served, so no path leads out of it.
 */
export async function servePages(app: App, folder: string | undefined): Promise<void> {
  const files = folder !== undefined && existsSync(join(folder, INDEX)) ? filesIn(folder) : new Set<string>()
  if (folder !== undefined && files.size > 0)
    await app.register(fastifyStatic, { root: folder, serve: false, cacheControl: false })

  const ownPolicy = folder !== undefined && files.has(VERIFY) ? policyIn(readFileSync(join(folder, VERIFY), 'utf8')) : undefined
  app.setNotFoundHandler((request: FastifyRequest, reply: FastifyReply) => {
    const path = pathOf(request.url)
    const name = path.slice(1) === '' ? INDEX : path.slice(1)
    const reads = request.method === 'GET' || request.method === 'HEAD'
    if (reads && name === VERIFY && ownPolicy !== undefined) void reply.header('content-security-policy', ownPolicy)
    if (reads && files.has(name)) return sendPage(reply, name)
    if (reads && files.has(INDEX) && isNavigation(request, path)) return sendPage(reply, INDEX)
    return refuse(app, request, reply, path)
  })
}

/** Built assets carry a digest in their name and never change; the page itself is always asked for anew. */
function sendPage(reply: FastifyReply, name: string): FastifyReply {
  const forever = name.startsWith('assets/')
  return reply.header('cache-control', forever ? 'public, max-age=31536000, immutable' : 'no-cache').sendFile(name)
}

/** The policy that a page states itself, and that nobody may frame it, which only a header can say. */
function policyIn(page: string): string | undefined {
  const [, policy] = /<meta http-equiv="Content-Security-Policy" content="([^"]+)"/.exec(page) ?? []
  return policy === undefined ? undefined : `${policy}; frame-ancestors 'none'`
}

function isNavigation(request: FastifyRequest, path: string): boolean {
  const isApi = /^\/(v1|oauth2)(\/|$)/.test(path) || ['/metrics', '/healthz', '/readyz', '/openapi.json'].includes(path)
  return !isApi && !/\.\w{1,8}$/.test(path) && (request.headers.accept ?? '').includes('text/html')
}

function refuse(app: App, request: FastifyRequest, reply: FastifyReply, path: string): FastifyReply {
  const allowed = [...new Set(app.routeTable.filter(({ url }) => matches(url, path)).map(({ method }) => method))].sort()
  if (allowed.length > 0) void reply.header('allow', allowed.join(', '))
  sendProblem(reply, request.id, refusalOf(path, allowed))
  return reply
}

function refusalOf(path: string, allowed: readonly string[]): TrailError {
  if (path === BAD_URL) return new TrailError('parameter_invalid', 'The path is not well-formed. Percent-encode it as UTF-8.')
  if (allowed.length > 0) return new TrailError('method_not_allowed', `This path takes ${allowed.join(', ')}.`)
  return new TrailError('not_found', 'There is nothing at this path. The API stands in /openapi.json.')
}

function matches(url: string, path: string): boolean {
  const [want, have] = [templateOf(url).split('/'), path.split('/')]
  return want.length === have.length && want.every((part, i) => part.startsWith('{') || part === have[i])
}

function pathOf(url: string): string {
  return url.split('?', 1)[0] ?? '/'
}

function filesIn(folder: string): Set<string> {
  const entries = readdirSync(folder, { recursive: true, withFileTypes: true }).filter((entry) => entry.isFile())
  return new Set(entries.map((entry) => relative(folder, join(entry.parentPath, entry.name)).split(sep).join('/')))
}
