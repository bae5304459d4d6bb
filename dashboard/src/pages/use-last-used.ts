import { useQueries } from '@tanstack/react-query'
import { ask } from '../api/questions.ts'
import type { LastUsedRow } from '../api/types.ts'

/** The server takes this many ids in one question. */
const IDS_MAX = 100

/** When each of these tokens was last used; asked in groups, so that a new page asks only for itself. */
export function useLastUsed(tokens: readonly { readonly id: string }[]): ReadonlyMap<string, LastUsedRow> {
  const groups = Array.from({ length: Math.ceil(tokens.length / IDS_MAX) }, (_, index) =>
    tokens.slice(index * IDS_MAX, (index + 1) * IDS_MAX).map(({ id }) => id),
  )
  return useQueries({
    queries: groups.map((ids) => ({
      queryKey: ['ask', 'last-used-by-token', ids],
      queryFn: ({ signal }: { readonly signal: AbortSignal }) => ask('last-used-by-token', { tokens: ids }, signal),
      staleTime: 30_000,
    })),
    combine: (results) => new Map(results.flatMap(({ data }) => data?.rows ?? []).map((row) => [row.token, row])),
  })
}
