import { HIDDEN_FIELDS, PURPOSES, REGISTRY, SHOWN_COLUMNS, type Registered } from '../../audit/registry.ts'
import type { Table } from './document.ts'

const KEPT = {
  critical: 'as the log is kept, 400 days unless set',
  counted: 'as the rows of the tenant are kept',
  debug: 'as the rows of the tenant are kept, may be dropped',
} as const satisfies Record<Registered['kept'], string>

/** What is processed for which purpose, out of the registry from which entries themselves are made. */
export function processingTable(): Table {
  const rows = Object.entries(REGISTRY).map(([type, { purpose, data, kept, hidden, shown }]) => [
    type,
    PURPOSES[purpose],
    data,
    hidden.map((field) => HIDDEN_FIELDS[field]).join('; ') || 'nothing',
    [...shown, ...Object.keys(SHOWN_COLUMNS)].join(', '),
    KEPT[kept],
  ])
  return {
    caption: 'Record of processing',
    head: ['type of event', 'purpose', 'how near to a person', 'sealed', 'in clear', 'kept'],
    rows,
  }
}
