import type { Log } from '../config/log.ts'

/** What must be closed again. */
interface Closable {
  close(): unknown
}

/** The opened parts, to be closed in the reverse order of opening. */
export interface Parts {
  add<Part extends Closable>(part: Part): Part
  /** Closes each part and waits for it; one that fails is logged and holds up no other. */
  close(): Promise<void>
}

export function createParts(log: Log): Parts {
  const opened: Closable[] = []
  let closing: Promise<void> | undefined

  async function closeAll(): Promise<void> {
    for (let part = opened.pop(); part; part = opened.pop()) {
      try {
        await part.close()
      } catch (error) {
        log.error({ err: error }, 'a part did not close in order')
      }
    }
  }

  return {
    add(part) {
      opened.push(part)
      return part
    },
    close: () => (closing ??= closeAll()),
  }
}
