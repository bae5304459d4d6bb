import { useMutation, useQuery, useQueryClient } from '@tanstack/react-query'
import { readSession, type Session, signIn, signOut } from '../api/session.ts'

export const SESSION_KEY = ['session'] as const

/** Who is signed in; `null` when nobody is, `undefined` while it is not known. */
export function useSession() {
  return useQuery({ queryKey: SESSION_KEY, queryFn: ({ signal }) => readSession(signal), staleTime: Infinity })
}

/** Signs in. An older question for the session may still be on its way; its late "nobody" must not win. */
export function useSignIn() {
  const cache = useQueryClient()
  return useMutation({
    mutationFn: signIn,
    onSuccess: async (session: Session) => {
      await cache.cancelQueries({ queryKey: SESSION_KEY })
      cache.setQueryData(SESSION_KEY, session)
    },
  })
}

/** Ends the session and forgets everything it has shown. */
export function useSignOut() {
  const cache = useQueryClient()
  return useMutation({
    mutationFn: signOut,
    onSettled: () => {
      cache.setQueryData(SESSION_KEY, null)
      cache.removeQueries({ predicate: ({ queryKey }) => queryKey[0] !== SESSION_KEY[0] })
    },
  })
}
