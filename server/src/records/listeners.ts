import type { Log } from '../config/log.ts'

/** Functions to call with each value. One that throws is logged and does not keep the value from the others. */
export interface Listeners<Value> {
  add(listener: (value: Value) => void): () => void
  tell(value: Value): void
}

export function createListeners<Value>(log: Log): Listeners<Value> {
  const listeners = new Set<(value: Value) => void>()
  return {
    add(listener) {
      listeners.add(listener)
      return () => listeners.delete(listener)
    },
    tell(value) {
      for (const listener of listeners) {
        try {
          listener(value)
        } catch (error) {
          log.error({ err: error }, 'a listener of the records failed')
        }
      }
    },
  }
}
