import { type KeyboardEvent, type PointerEvent, useState } from 'react'
import type { Window } from '../../api/types.ts'
import { STEP_MS } from '../../format/window.ts'
import { MARGIN, type Plot } from './plot.ts'
import type { ChartSpec } from './spec.ts'

/** The data cursor of a chart and the range selected with it: by pointer, and the same by keys. */
export interface Cursor {
  readonly index: number | undefined
  /** First and last bucket of the selection. */
  readonly range: readonly [number, number] | undefined
  /** True when moved by keys: then the value is spoken. */
  readonly spoken: boolean
  readonly handlers: {
    onKeyDown(event: KeyboardEvent): void
    onPointerDown(event: PointerEvent): void
    onPointerMove(event: PointerEvent): void
    onPointerUp(event: PointerEvent): void
    onPointerLeave(): void
    onBlur(): void
  }
}

export function useCursor(spec: ChartSpec, plot: Plot, onZoom: ((window: Window) => void) | undefined): Cursor {
  const [index, setIndex] = useState<number>()
  const [anchor, setAnchor] = useState<number>()
  const [spoken, setSpoken] = useState(false)
  const [dragging, setDragging] = useState(false)
  const last = spec.at.length - 1
  const range =
    anchor === undefined || index === undefined ? undefined : ([Math.min(anchor, index), Math.max(anchor, index)] as const)

  const clear = () => {
    setIndex(undefined)
    setAnchor(undefined)
    setDragging(false)
  }
  const zoom = ([first, end]: readonly [number, number]) => {
    const [from, to] = [spec.at[first], spec.at[end]]
    if (from !== undefined && to !== undefined) onZoom?.({ from, to: to + STEP_MS[spec.step] })
    clear()
  }
  const move = (to: number, selecting: boolean) => {
    if (!selecting) setAnchor(undefined)
    else if (anchor === undefined) setAnchor(index ?? to)
    setIndex(Math.min(last, Math.max(0, to)))
    setSpoken(true)
  }
  const keys: Readonly<Record<string, ((shift: boolean) => void) | undefined>> = {
    ArrowLeft: (shift) => move((index ?? last + 1) - 1, shift),
    ArrowRight: (shift) => move((index ?? -1) + 1, shift),
    Home: (shift) => move(0, shift),
    End: (shift) => move(last, shift),
    Escape: clear,
    ...(range ? { Enter: () => zoom(range) } : {}),
  }
  const indexOf = (event: PointerEvent) =>
    plot.indexAt(event.clientX - event.currentTarget.getBoundingClientRect().left - MARGIN.left)

  return {
    index,
    range: dragging && range?.[0] === range?.[1] ? undefined : range,
    spoken,
    handlers: {
      onKeyDown: (event) => {
        const act = keys[event.key]
        if (!act || event.ctrlKey || event.metaKey || event.altKey) return
        event.preventDefault()
        event.stopPropagation()
        act(event.shiftKey)
      },
      onPointerDown: (event) => {
        if (event.button !== 0 || !onZoom || event.pointerType === 'touch') return
        event.currentTarget.setPointerCapture(event.pointerId)
        setAnchor(indexOf(event))
        setIndex(indexOf(event))
        setDragging(true)
      },
      onPointerMove: (event) => {
        setIndex(indexOf(event))
        setSpoken(false)
      },
      onPointerUp: () => {
        if (dragging && range && range[0] !== range[1]) zoom(range)
        else if (dragging) setAnchor(undefined)
        setDragging(false)
      },
      onPointerLeave: () => {
        if (!dragging) clear()
      },
      onBlur: clear,
    },
  }
}
