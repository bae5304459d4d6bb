import { Link, useNavigate, useSearch } from '@tanstack/react-router'
import { useCallback, useMemo } from 'react'
import { type Finding, type FindingQuery, type Incident, SEVERITIES } from '../api/findings.ts'
import { count } from '../format/number.ts'
import { t } from '../format/strings.ts'
import { Button } from '../parts/button.tsx'
import { Select } from '../parts/select.tsx'
import { SeverityMark } from '../parts/severity.tsx'
import { Empty, Failed, Loading } from '../parts/states.tsx'
import { useTimeFormat } from '../parts/time-format.tsx'
import { FindingRow } from './finding-row.tsx'
import styles from './findings.module.css'
import { PageHead } from './page-head.tsx'
import type { FindingsSearch } from './search.ts'
import { OPEN_DAYS, useDetectors, useFindingPages, useIncidents, useOpenCounts } from './use-findings.ts'
import { usePageWindow } from './window.tsx'

/** The state of a filter that leaves it open. Without one the list shows what is still to be done. */
const ANY_STATE = 'any'

/** What needs a look: findings by incident, newest first. */
export function FindingsPage() {
  const search: FindingsSearch = useSearch({ strict: false })
  const { severity, detector, state = 'open' } = search
  const { text, window } = usePageWindow()
  const filter = useMemo<FindingQuery>(
    () => ({ ...window, severity, detector, ...(state === ANY_STATE ? {} : { state }) }),
    [text.from, text.to, severity, detector, state],
  )
  const query = useFindingPages(filter)
  const incidents = useIncidents({ from: filter.from, to: filter.to })
  const groups = useMemo(() => grouped(query.data?.pages.flatMap(({ items }) => items) ?? []), [query.data])
  return (
    <>
      <PageHead title={t.findings.title} hasTime />
      <Filters filter={{ severity, detector, state }} />
      {incidents.heldBack > 0 && (
        <p className={styles['heldBack']} role="status">
          {t.findings.heldBack(count(incidents.heldBack))}
        </p>
      )}
      <section className={styles['list']} aria-label={t.findings.list} aria-busy={query.isPending}>
        {body()}
      </section>
    </>
  )

  function body() {
    if (query.error && !query.data) return <Failed error={query.error} onRetry={() => void query.refetch()} height={320} />
    if (query.isPending) return <Loading height={320} />
    if (groups.length === 0) return <Nothing isFiltered={Boolean(severity ?? detector) || state !== 'open'} />
    return (
      <>
        <ol className={styles['incidents']}>
          {groups.map(({ key, findings }) => (
            <IncidentItem key={key} incident={incidents.byId.get(key)} findings={findings} />
          ))}
        </ol>
        {query.hasNextPage && (
          <p className={styles['more']}>
            <Button onPress={() => void query.fetchNextPage()} isDisabled={query.isFetchingNextPage}>
              {query.isFetchingNextPage ? t.states.loading : t.tokens.more}
            </Button>
          </p>
        )}
      </>
    )
  }
}

function Nothing({ isFiltered }: { readonly isFiltered: boolean }) {
  const { show, text } = usePageWindow()
  const { open } = useOpenCounts()
  const widest = `now-${OPEN_DAYS}d`
  return (
    <div className={styles['nothing']}>
      <Empty title={t.findings.empty} hint={isFiltered ? t.findings.emptyFilter : t.findings.emptyHint} height={200}>
        {open > 0 && text.from !== widest && (
          <>
            <p>{t.findings.outside(count(open))}</p>
            <Button onPress={() => show({ from: widest, to: 'now' })}>{t.findings.widen}</Button>
          </>
        )}
      </Empty>
    </div>
  )
}

interface Group {
  readonly key: string
  readonly findings: readonly Finding[]
}

/** Findings of one incident stand together where its newest one stands. */
function grouped(findings: readonly Finding[]): readonly Group[] {
  return [...Map.groupBy(findings, ({ id, incidentId }) => incidentId ?? id)].map(([key, some]) => ({ key, findings: some }))
}

function IncidentItem({
  incident,
  findings,
}: {
  readonly incident: Incident | undefined
  readonly findings: readonly Finding[]
}) {
  const time = useTimeFormat()
  const hidden = (incident?.findingsCount ?? 0) - findings.length
  const isAlone = findings.length === 1 && hidden <= 0
  return (
    <li className={styles['incident']}>
      {incident && !isAlone && (
        <header className={styles['head']}>
          <SeverityMark of={incident.severity} />
          <h2>{incident.title}</h2>
          <span className={styles['quiet']}>
            {[
              t.findings.inIncident(count(incident.findingsCount)),
              `${time.short(Date.parse(incident.firstAt))} – ${time.short(Date.parse(incident.lastAt))}`,
              incident.notice === 'held back' && t.findings.heldBackWord,
            ]
              .filter(Boolean)
              .join(' · ')}
          </span>
        </header>
      )}
      <ul>
        {findings.map((finding) => (
          <FindingRow key={finding.id} finding={finding} />
        ))}
      </ul>
      {hidden > 0 && (
        <p className={styles['rest']}>
          <Link to="/findings" search={(search) => ({ ...search, state: ANY_STATE, severity: undefined, detector: undefined })}>
            {t.findings.moreOfIncident(count(hidden))}
          </Link>
        </p>
      )}
    </li>
  )
}

function Filters({ filter }: { readonly filter: FindingsSearch }) {
  const navigate = useNavigate()
  const detectors = useDetectors()
  const show = useCallback(
    (part: FindingsSearch) =>
      void navigate({ to: '/findings', search: (search) => ({ ...search, ...part }), replace: true, resetScroll: false }),
    [navigate],
  )
  const isFiltered = Boolean(filter.severity ?? filter.detector) || filter.state !== 'open'
  const names = [...new Set([...(detectors ?? []), ...(filter.detector ? [filter.detector] : [])])]
  return (
    <div className={styles['filters']} role="search">
      <Select
        label={t.columns.state}
        value={filter.state ?? 'open'}
        items={[
          ...Object.entries(t.findingState).map(([key, text]) => ({ key, text })),
          { key: ANY_STATE, text: t.findings.anyState },
        ]}
        onChange={(state) => show({ state: state === 'open' ? undefined : state })}
        isFilter
      />
      <Select
        label={t.findings.severity}
        value={filter.severity ?? ''}
        items={[
          { key: '', text: t.findings.anySeverity },
          ...SEVERITIES.map((key) => ({
            key,
            text: key === 'critical' ? t.severity[key] : t.findings.atLeast(t.severity[key]),
          })),
        ]}
        onChange={(severity) => show({ severity: severity || undefined })}
      />
      <Select
        label={t.findings.detector}
        value={filter.detector ?? ''}
        items={[{ key: '', text: t.findings.anyDetector }, ...names.map((key) => ({ key, text: key }))]}
        onChange={(detector) => show({ detector: detector || undefined })}
      />
      {isFiltered && (
        <Button look="quiet" onPress={() => show({ state: undefined, severity: undefined, detector: undefined })}>
          {t.findings.clear}
        </Button>
      )}
    </div>
  )
}
