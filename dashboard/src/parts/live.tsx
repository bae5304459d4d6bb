import { createContext, useContext, useEffect, useSyncExternalStore } from 'react'
import type { Live, LiveState } from '../api/live.ts'
import type { EventView } from '../api/types.ts'

const LiveContext = createContext<Live | null>(null)

export const LiveProvider = LiveContext.Provider

/** The stream's switch. */
export function useLive(): Live {
  const live = useContext(LiveContext)
  if (!live) throw new TypeError('useLive needs a LiveProvider above it')
  return live
}

/** What the stream has shown so far. */
export function useLiveState(): LiveState {
  const live = useLive()
  return useSyncExternalStore(live.onState, live.state)
}

/** Hands each event of the stream to a listener that stays the same between drawings. */
export function useLiveEvents(listener: (event: EventView) => void): void {
  const live = useLive()
  useEffect(() => live.onEvent(listener), [live, listener])
}
