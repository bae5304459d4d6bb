/** A cache in parts with one bound for all: two generations, of which the older is forgotten when the younger is full. */
export interface BoundedCache<T> {
  get(part: number, key: string): T | undefined
  set(part: number, key: string, value: T): void
  clear(): void
  size(): number
}

/** Makes a cache of at most `countMax` values. A value that is used moves to the younger generation. */
export function createBoundedCache<T>(countMax: number): BoundedCache<T> {
  let young = new Map<number, Map<string, T>>()
  let old = new Map<number, Map<string, T>>()
  let [youngCount, oldCount] = [0, 0]

  function put(part: number, key: string, value: T): void {
    if (youngCount >= countMax / 2) {
      ;[old, young, oldCount, youngCount] = [young, new Map(), youngCount, 0]
    }
    let values = young.get(part)
    if (!values) young.set(part, (values = new Map()))
    if (!values.has(key)) youngCount++
    values.set(key, value)
  }

  return {
    get(part, key) {
      const value = young.get(part)?.get(key)
      if (value !== undefined) return value
      const aged = old.get(part)?.get(key)
      if (aged !== undefined) put(part, key, aged)
      return aged
    },
    set: put,
    clear() {
      ;[young, old, youngCount, oldCount] = [new Map(), new Map(), 0, 0]
    },
    size: () => youngCount + oldCount,
  }
}
