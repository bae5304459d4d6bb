import { csrf, Problem, request } from './http.ts'

/** Who is signed in. */
interface Principal {
  readonly role: string
  readonly tenant: string
  readonly name: string | null
  readonly owner: string
  readonly permissions: readonly string[]
}

export interface Session {
  readonly principal: Principal
  readonly csrf: string
}

/** The session of this browser, or null when nobody is signed in. */
export async function readSession(signal?: AbortSignal): Promise<Session | null> {
  try {
    return keep(await request<Session>('/v1/session', signal ? { signal } : {}))
  } catch (error) {
    if (error instanceof Problem && error.status === 401) return null
    throw error
  }
}

/** Signs in with a pasted token or with the code of a one-time link. Neither is kept by the page. */
export async function signIn(proof: { readonly token: string } | { readonly code: string }): Promise<Session> {
  return keep(await request<Session>('/v1/session', { method: 'POST', body: proof }))
}

export async function signOut(): Promise<void> {
  await request('/v1/session', { method: 'DELETE' })
  csrf.value = ''
}

function keep(session: Session): Session {
  csrf.value = session.csrf
  return session
}
