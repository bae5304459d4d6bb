import { keepPreviousData, useInfiniteQuery, useQuery } from '@tanstack/react-query'
import { type LogEntryPage, type LogEntryQuery, readAudit, readLogEntries } from '../api/audit.ts'

const EVERY_MS = 10_000
const PAGE_ROWS = 50

/** How the log stands, kept up to date. */
export function useAudit() {
  return useQuery({ queryKey: ['audit', 'state'], queryFn: ({ signal }) => readAudit(signal), refetchInterval: EVERY_MS })
}

/** Pages of entries, newest first. */
export function useLogEntries(query: LogEntryQuery) {
  return useInfiniteQuery({
    queryKey: ['audit', 'entries', query],
    queryFn: ({ pageParam, signal }) =>
      readLogEntries({ ...query, limit: PAGE_ROWS, ...(pageParam ? { cursor: pageParam } : {}) }, signal),
    initialPageParam: '',
    getNextPageParam: (last: LogEntryPage) => last.next,
    placeholderData: keepPreviousData,
  })
}
