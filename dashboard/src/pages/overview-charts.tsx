import { useMemo, useState } from 'react'
import type { Finding } from '../api/findings.ts'
import type { Answer, ReasonRow, StepRow, TokenKind } from '../api/types.ts'
import { count, percent, short } from '../format/number.ts'
import { t } from '../format/strings.ts'
import { duration } from '../format/time.ts'
import { isMoving, LAG_MS_MAX } from '../format/window.ts'
import { BarList } from '../parts/bar-list.tsx'
import { TimeChart } from '../parts/chart/time-chart.tsx'
import { ClassMark } from '../parts/marks.tsx'
import { Panel } from '../parts/panel.tsx'
import { Segments } from '../parts/segments.tsx'
import { Empty } from '../parts/states.tsx'
import { firstRequest } from './first-request.ts'
import { MarkedFindings } from './marked-findings.tsx'
import { CLASSES, failureSpec, latencySpec, outcomeSpec } from './series.ts'
import { useAsk } from './use-ask.ts'
import { useFindingMarks } from './use-findings.ts'
import { usePageWindow } from './window.tsx'

interface Placed {
  readonly className?: string | undefined
}

interface OutcomeProps {
  readonly title?: string
  readonly token?: string
  readonly kind?: TokenKind
  /** Says how to make a first event when there is none. */
  readonly isFirst?: boolean
}

/** What was decided, over time. */
export function OutcomePanel({ className, title = t.overview.byOutcome, token, kind, isFirst = false }: Placed & OutcomeProps) {
  const { window, step } = usePageWindow()
  const [shown, setShown] = useState<'all' | 'rejected'>('all')
  const query = useAsk('validations-by-step', {
    ...window,
    step,
    by: 'class',
    ...(token ? { token } : {}),
    ...(kind ? { kind } : {}),
  })
  const findings = useFindingMarks(token)
  return (
    <Panel
      className={className}
      title={title}
      hint={`per ${t.step[step]}`}
      query={query}
      height={isFirst ? 264 : 120}
      empty={isFirst ? <NothingYet watermark={query.data?.watermark ?? 0} /> : <Empty height={120} />}
      actions={
        <Segments
          label={t.overview.byOutcome}
          items={[
            { key: 'all', text: t.overview.all },
            { key: 'rejected', text: t.overview.rejectedOnly },
          ]}
          value={shown}
          onChange={setShown}
        />
      }
    >
      {(answer) => (
        <>
          <OutcomeChart answer={answer} isRejectedOnly={shown === 'rejected'} findings={findings} />
          <MarkedFindings findings={findings} />
        </>
      )}
    </Panel>
  )
}

/** Nothing is there, or it is there and not counted yet: the reader must know which. */
function NothingYet({ watermark }: { readonly watermark: number }) {
  const { window, text } = usePageWindow()
  const isLagging = isMoving(text) && window.to - watermark > LAG_MS_MAX
  if (isLagging)
    return <Empty title={t.states.lagging(duration(window.to - watermark))} hint={t.states.laggingHint} height={264} />
  return <Empty hint={t.states.emptyHint} command={firstRequest()} height={264} />
}

interface OutcomeChartProps {
  readonly answer: Answer<StepRow>
  readonly isRejectedOnly: boolean
  readonly findings: readonly Finding[]
}

function OutcomeChart({ answer, isRejectedOnly, findings }: OutcomeChartProps) {
  const { zoom } = usePageWindow()
  const frame = useFrame(answer)
  const spec = useMemo(
    () => ({
      ...outcomeSpec(answer.rows, frame, isRejectedOnly ? CLASSES.filter((name) => name !== 'accepted') : CLASSES),
      flags: findings.map(({ detectedAt, severity }) => ({ at: Date.parse(detectedAt), severity })),
    }),
    [answer, frame, isRejectedOnly, findings],
  )
  return <TimeChart spec={spec} height={250} onZoom={zoom} />
}

/** How often a credential or its request was refused, over time. */
export function FailurePanel({ className }: Placed) {
  const { window, step } = usePageWindow()
  const query = useAsk('validations-by-step', { ...window, step, by: 'class' })
  return (
    <Panel
      className={className}
      title={t.overview.failureOverTime}
      hint={`per ${t.step[step]}`}
      query={query}
      height={180}
      empty={<Empty height={180} />}
    >
      {(answer) => <FailureChart answer={answer} />}
    </Panel>
  )
}

function FailureChart({ answer }: { readonly answer: Answer<StepRow> }) {
  const { zoom } = usePageWindow()
  const frame = useFrame(answer)
  const spec = useMemo(() => failureSpec(answer.rows, frame), [answer, frame])
  return <TimeChart spec={spec} height={160} onZoom={zoom} />
}

/** How long the door takes, over time. */
export function LatencyPanel({ className }: Placed) {
  const { window, step, zoom } = usePageWindow()
  const query = useAsk('latency-by-step', { ...window, step })
  return (
    <Panel
      className={className}
      title={t.overview.latencyOverTime}
      hint={`per ${t.step[step]}`}
      query={query}
      height={180}
      empty={<Empty height={180} />}
    >
      {(answer) => (
        <TimeChart spec={latencySpec(answer.rows, { ...frameOf(answer, { window, step }) })} height={160} onZoom={zoom} />
      )}
    </Panel>
  )
}

/** Why validations were refused. */
export function ReasonPanel({ className }: Placed) {
  const { window } = usePageWindow()
  const query = useAsk('rejections-by-reason', window)
  return (
    <Panel className={className} title={t.overview.byReason} query={query} height={264} empty={<Empty height={264} />}>
      {(answer) => <Reasons rows={answer.rows} />}
    </Panel>
  )
}

const REASONS_SHOWN = 9

function Reasons({ rows }: { readonly rows: readonly ReasonRow[] }) {
  const total = rows.reduce((sum, row) => sum + row.count, 0)
  const reasonTexts: Readonly<Record<string, string | undefined>> = t.reason
  const items = rows
    .toSorted((a, b) => b.count - a.count)
    .slice(0, REASONS_SHOWN)
    .map((row) => ({
      key: row.reason,
      name: <ClassMark of={row.class} text={row.reason} />,
      value: row.count,
      text: `${short(row.count)} · ${percent(row.count / total)}`,
      tone: row.class,
      title: `${t.class[row.class]}: ${reasonTexts[row.reason] ?? row.reason}. ${count(row.count)}`,
    }))
  return <BarList label={t.overview.byReason} head={[t.columns.reason, t.columns.count]} items={items} />
}

/** The frame of an answer: the window it was asked for, so that a kept answer is drawn where it belongs. */
function useFrame(answer: Answer<StepRow>) {
  const { window, step } = usePageWindow()
  return useMemo(() => frameOf(answer, { window, step }), [answer, window, step])
}

function frameOf<Row>(
  answer: Answer<Row>,
  page: { readonly window: { from: number; to: number }; readonly step: ReturnType<typeof usePageWindow>['step'] },
) {
  const asked = answer.params as { readonly step?: typeof page.step }
  return { window: answer.window ?? page.window, step: asked.step ?? page.step, watermark: answer.watermark }
}
