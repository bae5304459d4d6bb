import type { FastifyError, FastifyReply, FastifyRequest } from 'fastify'
import type { Log } from '../config/log.ts'
import { type ErrorCode, ERRORS, TrailError } from '../errors.ts'

/** Problem details (RFC 9457). `code` is the contract, `input` names what was wrong, `detail` says what to do. */
interface Problem {
  readonly type: string
  readonly title: string
  readonly status: number
  readonly code: ErrorCode
  readonly detail: string
  readonly input?: string
  readonly requestId: string
  readonly retryAfterSeconds?: number
}

/** Answers any error. Only what is broken on our side is a 500, and only that goes to the log with its stack. */
export function answerProblem(log: Log) {
  return (error: unknown, request: FastifyRequest, reply: FastifyReply): void => {
    const known = request.raw.destroyed && isAbort(error) ? CALLER_LEFT : trailErrorOf(error)
    const { status } = ERRORS[known.code]
    if (status === 500)
      log.error({ err: error, route: request.routeOptions.url, requestId: request.id }, 'a request failed on our side')
    sendProblem(reply, request.id, known)
  }
}

/** Nobody reads this; it ends the request without a line in the log. */
const CALLER_LEFT = new TrailError('caller_left', 'The connection was closed before the answer.')

function isAbort(error: unknown): boolean {
  return error instanceof DOMException && error.name === 'AbortError'
}

export function sendProblem(reply: FastifyReply, requestId: string, error: TrailError): void {
  const { status, title } = ERRORS[error.code]
  const { code, input, retryAfterSeconds = WAITS[status], message: detail } = error
  if (retryAfterSeconds !== undefined) reply.header('retry-after', String(retryAfterSeconds))
  const challenge = challengeOf(error)
  if (challenge !== undefined) reply.header('www-authenticate', challenge)
  const problem: Problem = {
    type: `urn:tokentrail:problem:${code}`,
    title,
    status,
    code,
    detail,
    ...(input === undefined ? {} : { input }),
    requestId,
    ...(retryAfterSeconds === undefined ? {} : { retryAfterSeconds }),
  }
  void reply.code(status).type('application/problem+json; charset=utf-8').serializer(JSON.stringify).send(problem)
}

/** Seconds to wait where the error itself names none. */
const WAITS: Readonly<Record<number, number>> = { 429: 1, 503: 1 }

/** RFC 6750 §3: without a credential there is no error code. */
function challengeOf({ code, input }: TrailError): string | undefined {
  if (code === 'not_permitted') return 'Bearer realm="tokentrail", error="insufficient_scope"'
  if (code !== 'not_authenticated') return undefined
  return input === 'authorization' ? 'Bearer realm="tokentrail", error="invalid_token"' : 'Bearer realm="tokentrail"'
}

/** What the framework refuses, in our codes. */
const FRAMEWORK: Readonly<Record<string, { readonly code: ErrorCode; readonly detail: string }>> = {
  FST_ERR_CTP_INVALID_MEDIA_TYPE: {
    code: 'media_type_unsupported',
    detail: 'Send the content type that the API names for this route, mostly application/json.',
  },
  FST_ERR_CTP_BODY_TOO_LARGE: { code: 'body_too_large', detail: 'Send less at once, or split the request.' },
  FST_ERR_CTP_EMPTY_JSON_BODY: { code: 'body_malformed', detail: 'The body is empty. Send JSON.' },
  FST_ERR_CTP_INVALID_JSON_BODY: { code: 'body_malformed', detail: 'The body is not JSON.' },
  FST_ERR_CTP_INVALID_CONTENT_LENGTH: { code: 'body_malformed', detail: 'The body has another length than Content-Length says.' },
  FST_ERR_HANDLER_TIMEOUT: {
    code: 'question_timeout',
    detail: 'The answer took too long. Ask for a shorter window, or again later.',
  },
}

const BY_STATUS: Readonly<Record<number, ErrorCode>> = {
  404: 'not_found',
  405: 'method_not_allowed',
  408: 'body_malformed',
  413: 'body_too_large',
  414: 'parameter_invalid',
  415: 'media_type_unsupported',
  429: 'rate_limited',
  503: 'overloaded',
}

function trailErrorOf(error: unknown): TrailError {
  if (error instanceof TrailError) return error
  const { code, statusCode } = (error ?? {}) as Partial<FastifyError>
  const known = code === undefined ? undefined : FRAMEWORK[code]
  if (known) return new TrailError(known.code, known.detail, { cause: error })
  if (statusCode !== undefined && statusCode >= 400 && statusCode < 500) {
    return new TrailError(BY_STATUS[statusCode] ?? 'body_malformed', 'The request is not well-formed.', { cause: error })
  }
  return new TrailError('internal', 'This is our fault, not yours. Try again; the server log has more under the request id.', {
    cause: error,
  })
}
