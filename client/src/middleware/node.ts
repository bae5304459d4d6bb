import { guard } from './guard.ts'
import type { RequestFacts } from '../capture.ts'
import type { Tokentrail } from '../tokentrail.ts'
import type { ValidatedToken } from '../validator.ts'
import type { GuardOptions, HeaderReader, Passage } from './guard.ts'

/** The parts of `node:http`'s request that are read. */
export interface NodeRequest {
  readonly method?: string | undefined
  readonly headers: Readonly<Record<string, string | readonly string[] | undefined>>
  readonly socket: { readonly remoteAddress?: string | undefined }
}

/** The parts of `node:http`'s response that are written. */
export interface NodeResponse {
  writeHead(status: number, headers: Record<string, string>): unknown
  end(body: string): unknown
}

/**
 * For plain `node:http`: gives the token, `null` when the request passed without one being known, or answers and gives
 * `undefined`. `route` is the template, which only the caller knows.
 */
export function nodeGuard(trail: Tokentrail, options: GuardOptions & { readonly route?: string } = {}) {
  return async (request: NodeRequest, response: NodeResponse): Promise<ValidatedToken | null | undefined> => {
    const facts = { ...nodeFacts(request), route: options.route }
    const passage = await guard(trail, options, facts, nodeHeader(request))
    if (passage.passed) return passage.token ?? null
    refuse(response, passage)
    return undefined
  }
}

/** What `node:http` tells of a request. */
export function nodeFacts(request: NodeRequest): RequestFacts {
  const header = nodeHeader(request)
  return {
    method: request.method,
    ip: request.socket.remoteAddress,
    userAgent: header('user-agent'),
    requestId: header('x-request-id'),
  }
}

/** Reads headers as `node:http` holds them. */
export function nodeHeader(request: NodeRequest): HeaderReader {
  return (name) => {
    const value = request.headers[name]
    return typeof value === 'string' ? value : value?.[0]
  }
}

/** Answers with a refusal. */
export function refuse(response: NodeResponse, passage: Passage & { passed: false }): void {
  response.writeHead(passage.status, { ...passage.headers })
  response.end(JSON.stringify(passage.body))
}
