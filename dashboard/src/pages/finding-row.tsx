import { Link } from '@tanstack/react-router'
import type { Finding, Subject } from '../api/findings.ts'
import { count } from '../format/number.ts'
import { t } from '../format/strings.ts'
import { ago } from '../format/time.ts'
import { SeverityMark } from '../parts/severity.tsx'
import { useTimeFormat } from '../parts/time-format.tsx'
import styles from './finding-row.module.css'

/** One finding of a list: how grave, what happened, to whom, how it stands, and when. */
export function FindingRow({ finding }: { readonly finding: Finding }) {
  const time = useTimeFormat()
  const at = Date.parse(finding.detectedAt)
  return (
    <li className={styles['row']}>
      <SeverityMark of={finding.severity} />
      <div className={styles['text']}>
        <Link to="/findings/$id" params={{ id: finding.id }} className={styles['sentence']} data-shortcut="row">
          {finding.sentence}
        </Link>
        <p className={styles['about']}>{aboutOf(finding).join(' · ')}</p>
      </div>
      <time dateTime={finding.detectedAt} title={`${time.stamp(at)} ${time.zoneName}`}>
        {ago(at, Math.max(at, Date.now()))}
      </time>
    </li>
  )
}

function aboutOf(finding: Finding): readonly string[] {
  return [
    finding.detector,
    subjectText(finding.subject),
    finding.state === 'closed' && finding.verdict ? t.verdict[finding.verdict] : t.findingState[finding.state],
    finding.repeats > 0 && t.findings.repeats(count(finding.repeats)),
    finding.notice === 'held back' && t.findings.heldBackWord,
  ].filter((text) => text !== false)
}

/** What a finding is about, in words. */
export function subjectText({ kind, name, token }: Subject): string {
  // A stream of traffic is named in full by itself.
  return kind === 'tenant' || kind === 'service' ? name : `${t.subject[kind]} ${token?.name ?? name}`
}
