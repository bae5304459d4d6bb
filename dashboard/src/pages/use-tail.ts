import { useCallback, useEffect, useRef, useState } from 'react'
import type { EventView } from '../api/types.ts'
import { useLive, useLiveEvents } from '../parts/live.tsx'
import type { EventFilter } from './search.ts'

/** New events of the stream that pass the filter, newest first; while paused they are counted and held back. */
export interface Tail {
  readonly events: readonly EventView[]
  readonly held: number
  readonly isPaused: boolean
  pause(): void
  resume(): void
}

const KEPT_MAX = 500
/** The list is redrawn at most this often, however many events come. */
const DRAW_MS = 250

type Filter = Readonly<Partial<Record<EventFilter, string>>>

export function useTail(filter: Filter, isOn: boolean): Tail {
  const live = useLive()
  const [events, setEvents] = useState<readonly EventView[]>([])
  const [held, setHeld] = useState(0)
  const [isPaused, setPaused] = useState(false)
  const waiting = useRef<EventView[]>([])
  const heldCount = useRef(0)

  useEffect(() => {
    waiting.current = []
    heldCount.current = 0
    setEvents([])
    setHeld(0)
    setPaused(false)
    if (isOn) live.start()
  }, [filter, isOn, live])

  useLiveEvents(
    useCallback(
      (event: EventView) => {
        if (!isOn || !passes(event, filter)) return
        heldCount.current += 1
        waiting.current.push(event)
        if (waiting.current.length > KEPT_MAX) waiting.current.shift()
      },
      [filter, isOn],
    ),
  )
  useEffect(() => {
    if (!isOn) return
    const timer = setInterval(() => {
      if (heldCount.current === 0) return
      if (isPaused) return setHeld(heldCount.current)
      const news = waiting.current.toReversed()
      waiting.current = []
      heldCount.current = 0
      setHeld(0)
      setEvents((shown) => [...news, ...shown].slice(0, KEPT_MAX))
    }, DRAW_MS)
    return () => clearInterval(timer)
  }, [isOn, isPaused])

  return { events, held, isPaused, pause: () => setPaused(true), resume: () => setPaused(false) }
}

const VALUES: Readonly<Record<EventFilter, (event: EventView) => string | undefined>> = {
  class: (event) => event.class,
  reason: (event) => event.reason,
  type: (event) => event.type,
  outcome: (event) => event.outcome,
  kind: (event) => event.kind,
  token: (event) => event.token?.id,
  network: (event) => event.network,
  service: (event) => event.service,
  route: (event) => event.route,
  client: (event) => event.client,
  requestId: (event) => event.requestId,
}

function passes(event: EventView, filter: Filter): boolean {
  return Object.entries(filter).every(([name, value]) => VALUES[name as EventFilter](event) === value)
}
