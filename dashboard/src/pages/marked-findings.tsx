import { Link } from '@tanstack/react-router'
import { type Finding, SEVERITIES } from '../api/findings.ts'
import { t } from '../format/strings.ts'
import { SeverityMark } from '../parts/severity.tsx'
import { useTimeFormat } from '../parts/time-format.tsx'
import styles from './marked-findings.module.css'

const SHOWN = 4

/** The findings that are marked on the chart above, the gravest few in words. */
export function MarkedFindings({ findings }: { readonly findings: readonly Finding[] }) {
  const time = useTimeFormat()
  if (findings.length === 0) return null
  return (
    <div className={styles['marked']}>
      <h3>{t.findings.inWindow}</h3>
      <ol>
        {gravestOf(findings).map(({ id, severity, sentence, detectedAt }) => (
          <li key={id}>
            <time dateTime={detectedAt}>{time.short(Date.parse(detectedAt))}</time>
            <SeverityMark of={severity} />
            <Link to="/findings/$id" params={{ id }} title={sentence}>
              {sentence}
            </Link>
          </li>
        ))}
      </ol>
      <Link to="/findings" search={(search) => ({ ...search, state: 'any' })}>
        {t.findings.all}
      </Link>
    </div>
  )
}

/** Gravest first, and the newest of equals. */
function gravestOf(findings: readonly Finding[]): readonly Finding[] {
  const rank = ({ severity }: Finding) => SEVERITIES.indexOf(severity)
  return findings.toSorted((a, b) => rank(a) - rank(b) || b.detectedAt.localeCompare(a.detectedAt)).slice(0, SHOWN)
}
