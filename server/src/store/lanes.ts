/** A place in a lane; `leave` lets the next one in. */
export interface Turn {
  leave(): void
}

/** Lets so many in at once per lane, and so many wait; `enter` gives undefined when the waiting room is full. */
export interface Lanes<Name extends string> {
  enter(name: Name): Promise<Turn | undefined>
}

export function createLanes<Name extends string>(
  limits: Readonly<Record<Name, { readonly atOnce: number; readonly waitingMax: number }>>,
): Lanes<Name> {
  const lanes = new Map<Name, { inside: number; waiting: (() => void)[] }>()

  function laneOf(name: Name): { inside: number; waiting: (() => void)[] } {
    const known = lanes.get(name)
    if (known) return known
    const lane = { inside: 0, waiting: [] }
    lanes.set(name, lane)
    return lane
  }

  return {
    enter: async (name) => {
      const lane = laneOf(name)
      if (lane.inside >= limits[name].atOnce) {
        if (lane.waiting.length >= limits[name].waitingMax) return undefined
        await new Promise<void>((resolve) => lane.waiting.push(resolve))
      } else {
        lane.inside += 1
      }
      return {
        leave: () => {
          const next = lane.waiting.shift()
          if (next) next()
          else lane.inside -= 1
        },
      }
    },
  }
}
