import type { Milliseconds } from 'tokentrail'
import type { FindingRecord } from '../../records/findings.ts'
import type { Tenant } from '../../records/records.ts'
import type { ResponseRecord } from '../../records/responses.ts'
import type { MailMessage } from '../../send/mail.ts'
import { describedOf } from '../desk/described.ts'
import { foundOf } from '../desk/quiet-time.ts'

/** What a webhook is told of a finding: ids and words of the product, and nothing of a token or person. */
export function noticeBody(response: ResponseRecord, finding: FindingRecord | null, tenant: Tenant | null): string {
  const about = finding && {
    id: finding.id,
    detector: finding.detector,
    severity: finding.severity,
    confidence: finding.confidence,
    detectedAt: timeText(finding.detectedAt),
    incident: finding.incidentId,
  }
  return JSON.stringify({
    type: 'finding.notice',
    timestamp: timeText(response.createdAt),
    data: { tenant: tenant?.id, response: response.id, finding: about },
  })
}

/** The same as a mail: what it is, how grave, since when, and where to look. Names and networks stay in the dashboard. */
export function noticeMail(o: {
  readonly response: ResponseRecord
  readonly finding: FindingRecord | null
  readonly tenant: Tenant | null
  readonly link: string | undefined
}): MailMessage {
  const { response, finding, tenant, link } = o
  const what = finding ? describedOf(foundOf(finding)).finds : 'a finding that is gone'
  const lines = [
    `${what.charAt(0).toUpperCase()}${what.slice(1)}.`,
    '',
    ...(finding ? factsOf(finding) : []),
    `Tenant: ${tenant?.id ?? 'unknown'}`,
    '',
    ...(finding && link !== undefined ? [`${link}/findings/${encodeURIComponent(finding.id)}`, ''] : []),
    'You get this because somebody put your address into the playbook of Tokentrail.',
  ]
  return {
    id: `${response.id}@tokentrail.invalid`,
    subject: `[Tokentrail] ${finding?.severity ?? 'finding'}: ${what}`,
    text: `${lines.join('\n')}\n`,
  }
}

function factsOf(finding: FindingRecord): readonly string[] {
  return [
    `Severity: ${finding.severity}, confidence: ${finding.confidence}`,
    `Detector: ${finding.detector}`,
    `Found: ${timeText(finding.detectedAt)} (UTC)`,
    `Finding: ${finding.id}${finding.incidentId === null ? '' : `, incident ${finding.incidentId}`}`,
  ]
}

function timeText(at: Milliseconds): string {
  return new Date(at).toISOString()
}
