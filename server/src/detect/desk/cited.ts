import type { Citation, Cited, Citing } from '../../metrics/suspicious.ts'
import { CONFIDENCES, type Confidence } from '../finding.ts'
import type { FindingRecord } from '../../records/findings.ts'
import type { RecordReads } from '../../records/records.ts'
import { precisionOf } from './precision.ts'
import { foundOf } from './quiet-time.ts'

const PAGE = 1_000
/** Findings of one window that are read. */
const FINDINGS_MAX = 20_000

/** What findings cite, for metrics: those that people did not suppress, of medium confidence or more. */
export function createCiting(read: RecordReads): Citing {
  return async (tenantNo, window): Promise<Cited> => {
    const [{ citations, truncated }, precision] = await Promise.all([
      citationsOf(read, tenantNo, window),
      precisionOf(read, tenantNo, window),
    ])
    return { citations, truncated, precision: precision.all.precision }
  }
}

async function citationsOf(read: RecordReads, tenantNo: number, window: { readonly from: number; readonly to: number }) {
  const citations: Citation[] = []
  let after = ''
  for (let seen = 0; seen < FINDINGS_MAX; seen += PAGE) {
    const page = await read.findingsInSpan(tenantNo, window, { after, limit: PAGE })
    citations.push(...page.filter(isCiting).map(citationOf))
    if (page.length < PAGE) return { citations, truncated: false }
    after = page.at(-1)?.id ?? after
  }
  return { citations, truncated: true }
}

function isCiting({ state, confidence }: FindingRecord): boolean {
  return state !== 'suppressed' && CONFIDENCES.indexOf(confidence) >= CONFIDENCES.indexOf('medium' satisfies Confidence)
}

function citationOf(record: FindingRecord): Citation {
  const { evidence, evidenceCount } = foundOf(record)
  const { detector, detectorVersion: version, detectedAt } = record
  return { detector, version, detectedAt, events: evidence, more: evidenceCount > evidence.length }
}
