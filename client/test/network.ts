/** The network between client and server, as a `fetch` whose answers a test decides. */
export interface Received {
  readonly path: string
  readonly authorization: string | null
  readonly body: unknown
}

export type Answer =
  | { readonly status: number; readonly body?: unknown; readonly headers?: Record<string, string> }
  | 'unreachable'

export function createNetwork(answer: (request: Received) => Answer | Promise<Answer>) {
  const requests: Received[] = []
  const fetch: typeof globalThis.fetch = async (input, init) => {
    const headers = new Headers(init?.headers)
    const request = {
      path: new URL(input instanceof Request ? input.url : input).pathname,
      authorization: headers.get('authorization'),
      body: JSON.parse(typeof init?.body === 'string' ? init.body : 'null') as unknown,
    }
    requests.push(request)
    const answered = await answer(request)
    if (answered === 'unreachable') throw new TypeError('fetch failed')
    return new Response(JSON.stringify(answered.body ?? {}), { status: answered.status, headers: answered.headers ?? {} })
  }
  return { fetch, requests }
}

/** Takes every line. */
export function storeAll(request: Received): Answer {
  const lines = request.body as readonly unknown[]
  return { status: 200, body: { results: lines.map((_, index) => ({ index, result: 'stored' })) } }
}

export const OPTIONS = { url: 'http://trail.test', token: 'ttk_test_credential' } as const
