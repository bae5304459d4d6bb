import type { EndingReason, TypeName } from 'tokentrail'
import type { Line } from './line.ts'
import type { RecordActions } from '../records/records.ts'

type Change = Parameters<RecordActions['noteObserved']>[0]['change']

/** What an event of its own system means for the state of an observed token; `undefined` where it means nothing. */
export function changeOfObserved(line: Line): Change | undefined {
  return CHANGES[line.type]?.(line)
}

const CHANGES: Partial<Record<TypeName, (line: Line) => Change>> = {
  'token.issued': ({ at }) => ({ issuedAt: at }),
  'token.consumed': ({ at }) => ({ endedAt: at, ending: 'consumed' }),
  'token.superseded': ({ at }) => ({ endedAt: at, ending: 'superseded' }),
  'token.revoked': ({ at, reason }) => ({ endedAt: at, ending: 'revoked', endingReason: reason as EndingReason }),
  'token.suspended': ({ at }) => ({ suspendedAt: at }),
  'token.resumed': () => ({ suspendedAt: null }),
  'token.expired': ({ at }) => ({ endedAt: at, ending: 'expired' }),
  'token.exhausted': ({ at }) => ({ endedAt: at, ending: 'exhausted' }),
  'token.locked': ({ at }) => ({ endedAt: at, ending: 'locked' }),
}
