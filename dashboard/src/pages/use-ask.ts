import { keepPreviousData, useInfiniteQuery, useQuery, type UseQueryResult } from '@tanstack/react-query'
import { Problem } from '../api/http.ts'
import { ask } from '../api/questions.ts'
import type { Answer, EventsParams, EventView, QuestionName, Questions } from '../api/types.ts'

/** Asks a question and keeps its last answer on screen until the next one is there. */
export function useAsk<N extends QuestionName>(
  name: N,
  params: Questions[N]['params'],
  isOn = true,
  everyMs: number | false = false,
): UseQueryResult<Answer<Questions[N]['row']>> {
  return useQuery({
    queryKey: ['ask', name, params],
    queryFn: ({ signal }) => ask(name, params, signal),
    placeholderData: keepPreviousData,
    enabled: isOn,
    refetchInterval: everyMs,
  })
}

/** Pages of events, newest first, by key. */
export function useEventPages(params: EventsParams, isOn = true) {
  return useInfiniteQuery({
    queryKey: ['events', params],
    queryFn: ({ pageParam, signal }) => ask('events-page', pageParam === '' ? params : { ...params, cursor: pageParam }, signal),
    initialPageParam: '',
    getNextPageParam: (last: Answer<EventView>) => last.next,
    placeholderData: keepPreviousData,
    enabled: isOn,
  })
}

/** Faults of the network and the server are tried once more; refusals are not. */
export function shouldRetry(failures: number, error: Error): boolean {
  return failures < 1 && error instanceof Problem && (error.status === 0 || error.status >= 502)
}
