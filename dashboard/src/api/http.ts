/** Sends one request to the server this page came from and gives the parsed answer, or throws a `Problem`. */
export async function request<T>(path: string, options: RequestOptions = {}): Promise<T> {
  const response = await reach(path, options)
  const body = await bodyOf(response)
  if (!response.ok) throw problemOf(response, body)
  return body as T
}

/** A file that the server makes, with the name that it gives it. */
export async function requestFile(
  path: string,
  options: RequestOptions,
): Promise<{ readonly name: string; readonly content: Blob }> {
  const response = await reach(path, options)
  if (!response.ok) throw problemOf(response, await bodyOf(response))
  const name = /filename="([\w.-]+)"/.exec(response.headers.get('content-disposition') ?? '')?.[1] ?? 'file'
  return { name, content: await response.blob() }
}

export interface RequestOptions {
  readonly method?: 'GET' | 'POST' | 'PUT' | 'PATCH' | 'DELETE'
  readonly query?: Readonly<Record<string, QueryValue>>
  readonly body?: unknown
  readonly signal?: AbortSignal
}
export type QueryValue = string | number | readonly string[] | undefined

/** What went wrong, in the words of the server's problem document (RFC 9457), or of the network. */
export class Problem extends Error {
  override readonly name = 'Problem'
  readonly code: string
  readonly status: number
  readonly requestId: string | undefined

  constructor(code: string, status: number, message: string, requestId?: string) {
    super(message)
    this.code = code
    this.status = status
    this.requestId = requestId
  }
}

/** The token that proves a change comes from this page; the server gives it with the session. */
export const csrf = { value: '' }

/** The query part of an address; what is undefined is left out. */
export function queryText(query: Readonly<Record<string, QueryValue>> = {}): string {
  const parts = new URLSearchParams()
  for (const [name, value] of Object.entries(query)) {
    if (value !== undefined) parts.set(name, typeof value === 'object' ? value.join(',') : String(value))
  }
  return parts.size === 0 ? '' : `?${parts.toString()}`
}

async function reach(path: string, { method = 'GET', query, body, signal }: RequestOptions): Promise<Response> {
  const headers: Record<string, string> = { accept: 'application/json' }
  if (body !== undefined) headers['content-type'] = 'application/json'
  if (method !== 'GET' && csrf.value !== '') headers['x-csrf-token'] = csrf.value
  const init: RequestInit = { method, headers, credentials: 'same-origin', cache: 'no-store', redirect: 'error' }
  if (body !== undefined) init.body = JSON.stringify(body)
  if (signal) init.signal = signal
  try {
    return await fetch(`${path}${queryText(query)}`, init)
  } catch (error) {
    if (signal?.aborted) throw error
    throw new Problem('not_reachable', 0, 'The server did not answer.')
  }
}

async function bodyOf(response: Response): Promise<unknown> {
  const text = await response.text()
  try {
    return text === '' ? undefined : JSON.parse(text)
  } catch {
    return undefined
  }
}

function problemOf(response: Response, body: unknown): Problem {
  const fields: Record<string, unknown> = typeof body === 'object' && body !== null ? { ...body } : {}
  const text = (name: string): string | undefined => (typeof fields[name] === 'string' ? fields[name] : undefined)
  const requestId = text('requestId') ?? response.headers.get('x-request-id') ?? undefined
  return new Problem(
    text('code') ?? `http_${response.status}`,
    response.status,
    text('detail') ?? text('title') ?? response.statusText,
    requestId,
  )
}
