import { useNavigate, useSearch } from '@tanstack/react-router'
import { createContext, type ReactNode, useContext, useEffect, useMemo, useState } from 'react'
import type { Step, Window } from '../api/types.ts'
import { timeFormat, type Zone } from '../format/time.ts'
import {
  chooseStep,
  DEFAULT_WINDOW,
  fixedWindow,
  isMoving,
  LAG_MS_MAX,
  refreshMs,
  resolveWindow,
  type WindowText,
} from '../format/window.ts'
import { useLiveState } from '../parts/live.tsx'
import { TimeFormatProvider } from '../parts/time-format.tsx'

/** The window that every panel of the page shows. Its text stands in the address; a moving one goes along with the clock. */
export interface PageWindow {
  readonly text: WindowText
  readonly window: Window
  readonly step: Step
  readonly zone: Zone
  /** The text in the address was no window; the default is shown. */
  readonly isWrong: boolean
  show(text: WindowText): void
  zoom(window: Window): void
  showZone(zone: Zone): void
}

const WindowContext = createContext<PageWindow | null>(null)

export function usePageWindow(): PageWindow {
  const value = useContext(WindowContext)
  if (!value) throw new TypeError('usePageWindow needs a WindowProvider above it')
  return value
}

export function WindowProvider({ children }: { readonly children: ReactNode }) {
  const value = useWindowOfAddress()
  const format = useMemo(() => timeFormat(value.zone), [value.zone])
  return (
    <WindowContext value={value}>
      <TimeFormatProvider value={format}>{children}</TimeFormatProvider>
    </WindowContext>
  )
}

function useWindowOfAddress(): PageWindow {
  const { from = DEFAULT_WINDOW.from, to = DEFAULT_WINDOW.to, zone = 'local' } = useSearch({ strict: false })
  const navigate = useNavigate()
  const [now, setNow] = useState(() => Date.now())
  const { status, watermark } = useLiveState()
  const isPaused = status === 'off'
  const asked = resolveWindow({ from, to }, now)
  const text = asked ? { from, to } : DEFAULT_WINDOW
  const resolved = asked ?? resolveWindow(DEFAULT_WINDOW, now) ?? { from: 0, to: now }
  const moves = isMoving(text) && !isPaused
  const every = refreshMs(resolved, watermark !== null && Date.now() - watermark > LAG_MS_MAX)

  useEffect(() => setNow(Date.now()), [from, to])
  useEffect(() => {
    if (!moves) return
    const timer = setInterval(() => {
      if (document.visibilityState === 'visible') setNow(Date.now())
    }, every)
    return () => clearInterval(timer)
  }, [moves, every])

  return useMemo(() => {
    const change = (part: Partial<WindowText> & { readonly zone?: Zone }) =>
      void navigate({ to: '.', search: (search) => ({ ...search, ...part }), resetScroll: false })
    return {
      text: { from: text.from, to: text.to },
      window: { from: resolved.from, to: resolved.to },
      step: chooseStep(resolved),
      zone,
      isWrong: !asked,
      show: (next) => change(next),
      zoom: (window) => change(fixedWindow(window)),
      showZone: (next) => change({ zone: next }),
    }
  }, [navigate, text.from, text.to, resolved.from, resolved.to, zone, !asked])
}
