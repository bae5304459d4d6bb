import type { EventRow } from '../event/row.ts'
import type { EventRowOut } from '../query/event-view.ts'

/** A journalled row as the store would give it, so that live and stored events are shown by the same code. */
export function storedForm(row: EventRow): EventRowOut {
  const { writer, seq, type, outcome, reason, kind, service, environment, method, route, scope, action, asn, country, client, cache, flags } = row
  return {
    writer, seq, type, outcome, reason, kind, service, environment, method, route, scope, action, asn, country, client, cache, flags,
    at: row.occurredAt,
    delay_ms: row.delayMs,
    token_no: row.tokenNo,
    claimed_no: row.claimedNo,
    print: Buffer.from(row.fingerprint).toString('hex'),
    owner_no: row.ownerNo,
    actor_kind: row.actorKind,
    network: row.network.toString(),
    request_id: row.requestId,
    duration_us: row.durationUs,
    limited_by: row.limit,
    ended_by_writer: row.endedByWriter,
    ended_by_seq: row.endedBySeq,
    since_end_ms: row.sinceEndMs,
    count: row.count,
    detail: row.detail,
  }
}
