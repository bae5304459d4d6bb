import type { Conservation } from '../journal/journal.ts'
import type { HttpParts } from './parts.ts'

interface Family {
  readonly name: string
  readonly type: 'counter' | 'gauge'
  readonly help: string
  readonly samples: readonly { readonly value: number; readonly labels?: Readonly<Record<string, string>> }[]
}

/** The text format of Prometheus 0.0.4. Label values come from our own tables, so there are never more than a few dozen lines. */
export function writeExposition(parts: HttpParts): string {
  return [
    ...conservationFamilies(parts.journal.conservation()),
    droppedFields(parts),
    ...stateFamilies(parts),
    ...detectionFamilies(parts),
  ]
    .map(write)
    .join('')
}

function conservationFamilies(counts: Conservation): Family[] {
  const dropped = Object.entries(counts.dropped).map(([reason, value]) => ({ labels: { reason }, value }))
  return [
    counter('tokentrail_events_received_total', 'Decisions and facts received', counts.received),
    counter('tokentrail_events_stored_total', 'Of these, in the store', counts.stored),
    counter('tokentrail_events_coalesced_total', 'Of these, counted in coalesced rows', counts.coalesced),
    gauge('tokentrail_events_journalled', 'Durable, not yet in the store', counts.journalled),
    gauge('tokentrail_events_in_flight', 'Not yet durable', counts.inFlight),
    counter('tokentrail_events_repeated_total', 'Repeats that were recognised and not counted again', counts.repeated),
    { name: 'tokentrail_events_dropped_total', type: 'counter', help: 'Declared as lost, by reason', samples: dropped },
  ]
}

/** What the registry of fields does not name. Bounded by 200 names, each a word of at most 64 characters. */
function droppedFields({ ingest }: HttpParts): Family {
  const samples = [...ingest.dropped()].map(([field, value]) => ({ labels: { field }, value }))
  return { name: 'tokentrail_event_fields_dropped_total', type: 'counter', help: 'Fields that no event has, by name', samples }
}

/** Of the server that detects; the others leave it to it. */
function detectionFamilies({ detecting }: HttpParts): Family[] {
  const state = detecting?.()
  if (!state) return []
  return [
    gauge('tokentrail_detection_leading', '1 on the server that detects', Number(state.isLeading)),
    gauge('tokentrail_detection_batches_behind', 'Batches that wait to be looked at', state.behind),
    counter('tokentrail_detection_events_total', 'Events looked at since the start', state.events),
    counter(
      'tokentrail_detection_jumps_total',
      'How often events were left out because the journal needed its room',
      state.jumps,
    ),
  ]
}

function stateFamilies({ journal, store, records, door, live, clock, auditWatch, denials }: HttpParts): Family[] {
  const [state, health, audit] = [journal.state(), store.health(), auditWatch.health()]
  return [
    gauge('tokentrail_journal_bytes', 'Size of the journal', state.bytes),
    gauge('tokentrail_journal_bytes_max', 'Bound of the journal', state.bytesMax),
    gauge('tokentrail_journal_batches_waiting', 'Batches that wait for the store', state.batchesWaiting),
    gauge('tokentrail_tenants_coalescing', 'Tenants whose unknown attempts are coalesced now', state.coalescingTenants.length),
    gauge(
      'tokentrail_watermark_lag_seconds',
      'Age of the oldest event not yet in the store',
      Math.max(0, clock.now() - journal.watermark()) / 1000,
    ),
    {
      name: 'tokentrail_store_state',
      type: 'gauge',
      help: '1 for the state that the store is in',
      samples: (['starting', 'ready', 'unreachable', 'stopped'] as const).map((state) => ({
        labels: { state },
        value: Number(health.state === state),
      })),
    },
    counter('tokentrail_store_restarts_total', 'Restarts of the embedded store', health.restarts),
    gauge('tokentrail_records_feed_fresh', '1 when changes of tokens arrive in time', Number(records.feedIsFresh())),
    gauge('tokentrail_door_cached_tokens', 'Tokens in the cache of the door', door.cacheSize()),
    gauge('tokentrail_door_denied_tokens', 'Tokens refused here that records do not know of yet', denials.list().length),
    gauge(
      'tokentrail_audit_trouble',
      '1 when the audit log has been in trouble for over a minute',
      Number(audit.troubles.length > 0),
    ),
    gauge(
      'tokentrail_audit_checkpoint_age_seconds',
      'Age of the last checkpoint; −1 before the first',
      (audit.checkpointAgeMs ?? -1000) / 1000,
    ),
    gauge('tokentrail_audit_uncovered_entries', 'Entries of the audit log that no checkpoint covers yet', audit.uncovered),
    gauge('tokentrail_live_readers', 'Open live streams', live.subscribers()),
    gauge('process_resident_memory_bytes', 'Memory of the server process', process.memoryUsage.rss()),
  ]
}

function counter(name: string, help: string, value: number): Family {
  return { name, type: 'counter', help, samples: [{ value }] }
}

function gauge(name: string, help: string, value: number): Family {
  return { name, type: 'gauge', help, samples: [{ value }] }
}

function write({ name, type, help, samples }: Family): string {
  const lines = samples.map(({ labels = {}, value }) => `${name}${labelText(labels)} ${value}\n`)
  return `# HELP ${name} ${help}\n# TYPE ${name} ${type}\n${lines.join('')}`
}

function labelText(labels: Readonly<Record<string, string>>): string {
  const parts = Object.entries(labels).map(([name, value]) => `${name}="${value.replaceAll(/[\\"\n]/g, '_')}"`)
  return parts.length === 0 ? '' : `{${parts.join(',')}}`
}
