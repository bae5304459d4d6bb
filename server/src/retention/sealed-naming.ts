import type { KeyObject } from 'node:crypto'
import { openSealed } from '../privacy/seal.ts'
import type { SubjectKeys } from '../privacy/subject-keys.ts'
import type { Records } from '../records/records.ts'
import type { SealedRow } from '../records/sealed.ts'
import type { Erasure } from '../records/subjects.ts'

const ROWS_AT_ONCE = 500

/**
 * Sealed values under keys of others may name the subject too, for example who acted on whose token. Each that does is deleted with
 * its salt; the commitment in the entry stays, and nobody can open it.
 */
export async function dropSealedNaming(o: { records: Records; subjectKeys: SubjectKeys }, erasure: Erasure): Promise<number> {
  const names = erasure.terms.map((term) => term.toLowerCase())
  if (names.length === 0) return 0
  let count = 0
  for (let after: { event: string; field: string } | undefined; ;) {
    const rows = await o.records.read.sealedValues(erasure.tenantNo, { ...(after ? { after } : {}), limit: ROWS_AT_ONCE })
    const places = await placesNaming(o.subjectKeys, rows, names)
    if (places.length > 0) count += await o.records.act('dropSealed', { places })
    after = rows.at(-1)
    if (rows.length < ROWS_AT_ONCE || !after) return count
  }
}

async function placesNaming(keys: SubjectKeys, rows: readonly SealedRow[], names: readonly string[]) {
  const opened = await keys.open(rows.map(({ keyId }) => keyId))
  return rows
    .filter((row) => {
      const key = opened.get(row.keyId)
      return key !== undefined && isNaming(valueOf(key, row).toLowerCase(), names)
    })
    .map(({ event, field }) => ({ event, field }))
}

/** What is damaged can be opened by nobody: it says nothing. */
function valueOf(key: KeyObject, row: SealedRow): string {
  try {
    return openSealed(key, row).value
  } catch {
    return ''
  }
}

/** As a whole, or as a whole word. */
function isNaming(text: string, names: readonly string[]): boolean {
  return names.some((name) => {
    for (let at = text.indexOf(name); at >= 0; at = text.indexOf(name, at + 1)) {
      if (!isWordAt(text, at - 1) && !isWordAt(text, at + name.length)) return true
    }
    return false
  })
}

function isWordAt(text: string, at: number): boolean {
  return /[\p{L}\p{N}_]/u.test(text.charAt(at))
}
