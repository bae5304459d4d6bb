import type { IngestEvent } from 'tokentrail'

/** What one record of a foreign log becomes: events, or the reason why it cannot be taken. */
export type Mapped =
  | {
      /** The first stands for the record itself; further ones follow from it. */
      readonly events: readonly [IngestEvent, ...IngestEvent[]]
      /** Set when the record names no token: it is stored and counted apart. */
      readonly apart?: string
    }
  | { readonly refused: string; readonly input: string }

/** A foreign log: how a record is mapped, and which of its fields are. */
export interface Format {
  readonly name: string
  map(record: unknown): Mapped
  /** Paths of a record that are mapped. Every other path of an input is reported as unmapped. */
  readonly fields: ReadonlySet<string>
  /** Containers whose inner fields are told apart; of others only the container is named. */
  readonly containers: ReadonlySet<string>
}

/** Every path that holds a value in a record: its own fields, and those inside the named containers. */
export function pathsOf(record: unknown, containers: ReadonlySet<string>, above = ''): readonly string[] {
  if (typeof record !== 'object' || record === null || Array.isArray(record)) return []
  return Object.entries(record).flatMap(([name, value]) => {
    const path = above + name
    if (value === null || value === undefined) return []
    return containers.has(path) ? pathsOf(value, containers, `${path}.`) : [path]
  })
}
