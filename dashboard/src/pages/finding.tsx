import { Link, useParams } from '@tanstack/react-router'
import type { FindingDetail } from '../api/findings.ts'
import { count } from '../format/number.ts'
import { t } from '../format/strings.ts'
import { duration } from '../format/time.ts'
import { Box } from '../parts/box.tsx'
import { SeverityMark } from '../parts/severity.tsx'
import { Failed, Loading } from '../parts/states.tsx'
import { useTimeFormat } from '../parts/time-format.tsx'
import { BlastRadiusPanel } from './blast-radius.tsx'
import { EvidenceBox } from './finding-evidence.tsx'
import { FindingRow } from './finding-row.tsx'
import { Sentence } from './finding-sentence.tsx'
import { LifeBox, NextBox } from './finding-side.tsx'
import { TriageBox } from './finding-triage.tsx'
import { WhyBox } from './finding-why.tsx'
import styles from './finding.module.css'
import { PageHead } from './page-head.tsx'
import { useFinding, useSomeFindings } from './use-findings.ts'

/** One finding: what happened, why it stands out, on what it rests, what to do, and what people make of it. */
export function FindingPage() {
  const { id = '' } = useParams({ strict: false })
  const query = useFinding(id)
  return (
    <>
      <PageHead title={t.finding.document(id)} heading={<Title id={id} />} />
      {query.data ? (
        <Story finding={query.data} />
      ) : query.error ? (
        <Failed error={query.error} onRetry={() => void query.refetch()} />
      ) : (
        <Loading height={320} />
      )}
    </>
  )
}

function Title({ id }: { readonly id: string }) {
  return (
    <span className={styles['title']}>
      <Link to="/findings" className={styles['back']}>
        {t.finding.back}
      </Link>
      <span aria-hidden="true">/</span>
      <code className={styles['id']}>{id}</code>
    </span>
  )
}

function Story({ finding }: { readonly finding: FindingDetail }) {
  return (
    <>
      <Headline finding={finding} />
      <div className={styles['columns']}>
        <div className={styles['column']}>
          <WhyBox finding={finding} />
          <EvidenceBox finding={finding} />
          {finding.life && finding.life.token.state !== 'purged' && <BlastRadiusPanel token={finding.life.token.id} />}
          <OthersBox finding={finding} />
        </div>
        <div className={styles['column']}>
          <TriageBox finding={finding} />
          <NextBox finding={finding} />
          {finding.life && <LifeBox life={finding.life} />}
        </div>
      </div>
    </>
  )
}

/** What happened, before anything else. */
function Headline({ finding }: { readonly finding: FindingDetail }) {
  const time = useTimeFormat()
  const [from, to, at] = [finding.from, finding.to, finding.detectedAt].map((text) => Date.parse(text)) as [
    number,
    number,
    number,
  ]
  const facts = [
    finding.detector,
    t.finding.confidence(finding.confidence),
    t.findingState[finding.state],
    `${t.finding.detected} ${time.stamp(at)} ${time.zoneName}`,
    to > from && `${t.finding.span} ${duration(to - from)}`,
    finding.repeats > 0 && t.findings.repeats(count(finding.repeats)),
    finding.notice === 'held back' && t.findings.heldBackWord,
  ]
  return (
    <section className={styles['headline']} aria-label={t.finding.what} data-severity={finding.severity}>
      <p>
        <SeverityMark of={finding.severity} /> <span className={styles['finds']}>{finding.finds}</span>
      </p>
      <p className={styles['sentence']}>
        <Sentence parts={finding.parts} />
      </p>
      <p className={styles['quiet']}>{facts.filter(Boolean).join(' · ')}</p>
    </section>
  )
}

/** What else belongs to the same incident. */
function OthersBox({ finding }: { readonly finding: FindingDetail }) {
  const { incidentId, id } = finding
  const some = useSomeFindings(incidentId === null ? {} : { incident: incidentId }, incidentId !== null)
  const others = some?.filter((each) => each.id !== id) ?? []
  if (others.length === 0) return null
  return (
    <Box title={t.finding.others} className={styles['others']}>
      <ul>
        {others.map((each) => (
          <FindingRow key={each.id} finding={each} />
        ))}
      </ul>
    </Box>
  )
}
