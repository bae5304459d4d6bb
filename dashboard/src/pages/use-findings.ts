import { keepPreviousData, useInfiniteQuery, useQuery } from '@tanstack/react-query'
import {
  type Finding,
  type FindingPage,
  type FindingQuery,
  readDetectors,
  readFinding,
  readFindingCounts,
  readFindings,
  readIncidents,
} from '../api/findings.ts'
import type { Window } from '../api/types.ts'
import { DAY } from '../format/window.ts'
import { useTimeFormat } from '../parts/time-format.tsx'
import { useSession } from './session.ts'
import { usePageWindow } from './window.tsx'

/** Everything about findings is kept under this key, so that a judgement refreshes all of it. */
export const FINDINGS_KEY = ['findings']

const PAGE_ROWS = 50
const INCIDENTS = 200
const MARKS = 50

/** Pages of findings, newest first, by key. */
export function useFindingPages(query: FindingQuery) {
  const { zoneName: zone } = useTimeFormat()
  return useInfiniteQuery({
    queryKey: [...FINDINGS_KEY, 'pages', query, zone],
    queryFn: ({ pageParam, signal }) =>
      readFindings({ ...query, zone, limit: PAGE_ROWS, ...(pageParam ? { cursor: pageParam } : {}) }, signal),
    initialPageParam: '',
    getNextPageParam: (last: FindingPage) => last.next,
    placeholderData: keepPreviousData,
  })
}

/** Incidents by id; `heldBack` counts those that nobody was told of. */
export function useIncidents(window: Partial<Window>) {
  const query = useQuery({
    queryKey: [...FINDINGS_KEY, 'incidents', window],
    queryFn: ({ signal }) => readIncidents({ ...window, limit: INCIDENTS }, signal),
    placeholderData: keepPreviousData,
  })
  return { byId: new Map(query.data?.items.map((each) => [each.id, each])), heldBack: query.data?.heldBack ?? 0 }
}

export function useFinding(id: string) {
  const { zoneName } = useTimeFormat()
  return useQuery({
    queryKey: [...FINDINGS_KEY, 'one', id, zoneName],
    queryFn: ({ signal }) => readFinding(id, zoneName, signal),
    placeholderData: keepPreviousData,
  })
}

/** Findings that one incident, or the window of the page, holds; nothing for those who may not read findings. */
export function useSomeFindings(query: FindingQuery, isOn = true) {
  const may = useMayReadFindings()
  const { zoneName: zone } = useTimeFormat()
  return useQuery({
    queryKey: [...FINDINGS_KEY, 'some', query, zone],
    queryFn: ({ signal }) => readFindings({ zone, limit: MARKS, ...query }, signal),
    placeholderData: keepPreviousData,
    enabled: may && isOn,
  }).data?.items
}

const NONE: readonly Finding[] = []

/** Findings to mark on a chart of the page's window: of all tokens only those that are medium or graver. */
export function useFindingMarks(token: string | undefined): readonly Finding[] {
  const { window } = usePageWindow()
  return useSomeFindings(token === undefined ? { ...window, severity: 'medium' } : { ...window, token }) ?? NONE
}

/** Names of the detectors that are there. */
export function useDetectors() {
  return useQuery({
    queryKey: ['detectors'],
    queryFn: ({ signal }) => readDetectors(signal),
    staleTime: Infinity,
  }).data?.items.map(({ name }) => name)
}

const COUNTS_REFRESH_MS = 30_000
/** So long ago a finding still counts as something to do. */
export const OPEN_DAYS = 90

/** Open findings that are high or critical. */
export function useOpenCounts(): { readonly critical: number; readonly open: number } {
  const { data } = useQuery({
    queryKey: [...FINDINGS_KEY, 'counts'],
    queryFn: ({ signal }) => readFindingCounts({ from: Date.now() - OPEN_DAYS * DAY, to: Date.now() }, signal),
    refetchInterval: COUNTS_REFRESH_MS,
  })
  const { critical = 0, high = 0 } = data?.open ?? {}
  return { critical, open: critical + high }
}

export function useMayReadFindings(): boolean {
  return useSession().data?.principal.permissions.includes('findings:read') ?? false
}
