import cookiePlugin from '@fastify/cookie'
import helmet from '@fastify/helmet'
import type { TypeBoxTypeProvider } from '@fastify/type-provider-typebox'
import { randomBytes } from 'node:crypto'
import { type FastifyInstance, fastify } from 'fastify'
import type { App } from './app.ts'
import { BODY_BYTES_MAX, parseJsonOnly } from './bodies.ts'
import { veilCanaries } from './canary-veil.ts'
import { createSessionCookie } from './cookie.ts'
import { guardRoutes } from './gate.ts'
import { describeApi, serveApiDescription } from './openapi.ts'
import { BAD_URL, servePages } from './pages.ts'
import { createOwnOrigin } from './origin.ts'
import { noteViews } from './note-views.ts'
import { veilOwners } from './owner-veil.ts'
import { keepToOwnTokens } from './own-tokens.ts'
import type { HttpParts } from './parts.ts'
import { answerProblem } from './problem.ts'
import { auditOperationRoutes } from './routes/audit-operation.ts'
import { auditRoutes } from './routes/audit.ts'
import { approvalRoutes } from './routes/approvals.ts'
import { denialRoutes } from './routes/denials.ts'
import { holdRoutes } from './routes/holds.ts'
import { ingestRoutes } from './routes/events.ts'
import { evidenceRoutes } from './routes/evidence.ts'
import { findingRoutes } from './routes/findings.ts'
import { detectionRoutes } from './routes/detection.ts'
import { findingSettingRoutes } from './routes/finding-settings.ts'
import { importRoutes } from './routes/imports.ts'
import { leakRoutes } from './routes/leaks.ts'
import { liveRoutes } from './routes/live.ts'
import { logFileRoutes } from './routes/log-files.ts'
import { metricRoutes } from './routes/metrics.ts'
import { oauthRoutes } from './routes/oauth.ts'
import { operationRoutes } from './routes/operations.ts'
import { partnerRoutes } from './routes/partners.ts'
import { privacyRoutes } from './routes/privacy.ts'
import { proofRoutes } from './routes/proofs.ts'
import { peopleRoutes } from './routes/people.ts'
import { createHidden, veilRestricted } from './restriction-veil.ts'
import { questionRoutes } from './routes/questions.ts'
import { readingRoutes } from './routes/readings.ts'
import { reconcileRoutes } from './routes/reconcile.ts'
import { reportRoutes } from './routes/reports.ts'
import { responseRoutes } from './routes/responses.ts'
import { retentionRoutes } from './routes/retention.ts'
import { ruleRoutes } from './routes/rules.ts'
import { sessionRoutes } from './routes/session.ts'
import { accountRoutes } from './routes/sessions.ts'
import { subjectRoutes } from './routes/subjects.ts'
import { tokenRoutes } from './routes/tokens.ts'
import { validateRoutes } from './routes/validate.ts'
import { waitForProofs } from './wait-proof.ts'
import { compileValidator } from './validation.ts'
import { answerViewers } from './viewers.ts'

/** Every bound of time; the framework itself has none. */
const TIMES = {
  /** A socket on which nothing moves. Longer than the heartbeat of a live stream. */
  connectionTimeout: 60_000,
  /** From the first byte of a request to its last. */
  requestTimeout: 30_000,
  keepAliveTimeout: 20_000,
  handlerTimeout: 30_000,
  headersMs: 10_000,
} as const
const HEADER_BYTES_MAX = 16 * 1024
const CONNECTIONS_MAX = 10_000

/** The whole HTTP surface: API, live stream and dashboard. It listens nowhere itself; `close` ends live streams first. */
export async function createHttp(parts: HttpParts): Promise<FastifyInstance> {
  const app = createApp(parts)
  let stopping = false
  boundReading(app)
  await describeApi(app, parts.version)
  await secureHeaders(app)
  await app.register(cookiePlugin)
  const cookie = createSessionCookie(parts.publicUrl)
  const origin = createOwnOrigin(parts.publicUrl)
  guardRoutes(app, { access: parts.access, cookie, origin, isStopping: () => stopping })
  keepToOwnTokens(app, { access: parts.access, read: parts.records.read })
  noteViews(app, parts.access)
  answerViewers(app, parts)
  veilOwners(app, { access: parts.access, read: parts.records.read })
  veilCanaries(app, { access: parts.access, read: parts.records.read })
  waitForProofs(app, parts)
  const hiddenOf = createHidden(parts.records)
  veilRestricted(app, { access: parts.access, hiddenOf })

  sessionRoutes(app, parts, cookie, origin)
  tokenRoutes(app, parts)
  denialRoutes(app, parts)
  validateRoutes(app, parts)
  oauthRoutes(app, parts)
  ingestRoutes(app, parts)
  importRoutes(app, parts)
  questionRoutes(app, parts)
  metricRoutes(app, parts)
  findingRoutes(app, parts)
  findingSettingRoutes(app, parts)
  detectionRoutes(app, parts)
  responseRoutes(app, parts)
  leakRoutes(app, parts)
  partnerRoutes(app, parts)
  ruleRoutes(app, parts)
  evidenceRoutes(app, parts)
  reportRoutes(app, parts)
  subjectRoutes(app, parts)
  privacyRoutes(app, parts)
  retentionRoutes(app, parts)
  holdRoutes(app, parts)
  approvalRoutes(app, parts)
  peopleRoutes(app, parts)
  readingRoutes(app, parts)
  accountRoutes(app, parts, cookie)
  auditRoutes(app, parts)
  auditOperationRoutes(app, parts)
  proofRoutes(app, parts)
  reconcileRoutes(app, parts)
  logFileRoutes(app, parts, cookie)
  const endStreams = liveRoutes(app, parts, origin, hiddenOf)
  operationRoutes(app, parts)
  serveApiDescription(app)
  await servePages(app, parts.dashboard)

  app.addHook('preClose', async () => {
    stopping = true
    endStreams()
  })
  app.server.maxConnections = CONNECTIONS_MAX
  await app.ready()
  return app
}

/** Only reading can take long. A bound costs a signal per request, which a validation need not pay. */
function boundReading(app: App): void {
  app.addHook('onRoute', (route) => {
    if (route.method === 'GET') route.handlerTimeout ??= TIMES.handlerTimeout
  })
}

/** Unique without a draw of randomness per request: a draw per process, and a count. */
const RUN = randomBytes(6).toString('base64url')
let requests = 0

function nextRequestId(): string {
  return `${RUN}${(requests++).toString(36)}`
}

function createApp({ log, trustedProxies = [], logRequests = false }: HttpParts): App {
  const answer = answerProblem(log)
  const app: App = fastify({
    logger: false,
    bodyLimit: BODY_BYTES_MAX,
    connectionTimeout: TIMES.connectionTimeout,
    requestTimeout: TIMES.requestTimeout,
    keepAliveTimeout: TIMES.keepAliveTimeout,
    http: { headersTimeout: TIMES.headersMs, maxHeaderSize: HEADER_BYTES_MAX },
    // As long as the whole URL may be: a schema refuses what is too long, and says so.
    routerOptions: { maxParamLength: HEADER_BYTES_MAX },
    trustProxy: trustedProxies.length === 0 ? false : [...trustedProxies],
    return503OnClosing: false,
    forceCloseConnections: 'idle',
    genReqId: ({ headers }) => givenRequestId(headers['x-request-id']) ?? nextRequestId(),
    rewriteUrl: ({ url = '/' }) => (isDecodable(url) ? url : BAD_URL),
    frameworkErrors: (error, request, reply) => answer(error, request as never, reply as never),
  }).withTypeProvider<TypeBoxTypeProvider>()

  app.setValidatorCompiler(compileValidator)
  app.setSerializerCompiler(() => (data) => (data === null ? '' : JSON.stringify(data)))
  app.setErrorHandler(answer)
  parseJsonOnly(app)
  app.addHook(
    'onRequest',
    async (request, reply) => void reply.header('x-request-id', request.id).header('cache-control', 'no-store'),
  )
  if (logRequests) {
    app.addHook('onResponse', async ({ id, method, routeOptions }, { statusCode, elapsedTime }) => {
      log.info({ requestId: id, method, route: routeOptions.url, status: statusCode, ms: Math.round(elapsedTime) }, 'answered')
    })
  }
  return app
}

/** A path that cannot be decoded goes the way of all others, so that hooks and headers apply. */
function isDecodable(url: string): boolean {
  if (!url.includes('%')) return true
  try {
    return decodeURIComponent(url.split('?', 1)[0] ?? '') !== ''
  } catch {
    return false
  }
}

/** A caller's own id for a request, if it is fit for logs and events. */
function givenRequestId(given: string | string[] | undefined): string | undefined {
  return typeof given === 'string' && /^[\w.:-]{1,100}$/.test(given) ? given : undefined
}

/** On every answer, errors too. No exceptions, nothing inline. */
async function secureHeaders(app: App): Promise<void> {
  await app.register(helmet, {
    contentSecurityPolicy: {
      useDefaults: false,
      directives: {
        defaultSrc: ["'none'"],
        scriptSrc: ["'self'"],
        styleSrc: ["'self'"],
        imgSrc: ["'self'", 'data:'],
        fontSrc: ["'self'"],
        connectSrc: ["'self'"],
        baseUri: ["'none'"],
        formAction: ["'none'"],
        frameAncestors: ["'none'"],
      },
    },
    strictTransportSecurity: { maxAge: 31_536_000, includeSubDomains: true },
    referrerPolicy: { policy: 'no-referrer' },
    xFrameOptions: { action: 'deny' },
  })
  app.addHook('onRequest', async (_request, reply) => {
    void reply.header('permissions-policy', 'camera=(), geolocation=(), microphone=(), payment=(), usb=()')
  })
}
