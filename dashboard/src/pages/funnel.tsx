import type { FunnelRow } from '../api/types.ts'
import { count, percent } from '../format/number.ts'
import { t } from '../format/strings.ts'
import { DAY } from '../format/window.ts'
import { BarList } from '../parts/bar-list.tsx'
import { Panel } from '../parts/panel.tsx'
import { Empty } from '../parts/states.tsx'
import styles from './tokens.module.css'
import { useAsk } from './use-ask.ts'
import { usePageWindow } from './window.tsx'

const DAYS = 30

/** How far single-use tokens get, from issue to success. A stage that nobody reports is said to be missing, not 0. */
export function FunnelPanel({
  kind,
  className,
}: {
  readonly kind: 'action' | 'validation'
  readonly className?: string | undefined
}) {
  const { window } = usePageWindow()
  const query = useAsk('single-use-funnel', { from: window.to - DAYS * DAY, to: window.to, kind })
  return (
    <Panel
      className={className}
      title={t.funnel.title[kind]}
      hint={t.funnel.hint(DAYS)}
      query={query}
      height={160}
      empty={<Empty height={80} />}
    >
      {({ rows: [row] }) => row && <Funnel row={row} kind={kind} />}
    </Panel>
  )
}

function Funnel({ row, kind }: { readonly row: FunnelRow; readonly kind: 'action' | 'validation' }) {
  const share = (value: number) => (row.issued > 0 ? `${count(value)} · ${percent(value / row.issued)}` : count(value))
  const stages = [
    ['issued', row.issued, 'accepted'],
    ['sent', row.sent, 'accepted'],
    ['undelivered', row.undelivered, 'invalid'],
    ['attempted', row.attempted, 'accepted'],
    ['succeeded', row.succeeded, 'accepted'],
    ['expired', row.expired, 'throttled'],
    ['locked', row.locked, 'invalid'],
    ['replays', row.replays, 'invalid'],
  ] as const
  const items = stages.map(([key, value, tone]) => ({
    key,
    name: key === 'succeeded' ? t.funnel.succeeded[kind] : t.funnel.stage[key],
    value,
    text: key === 'sent' && value === 0 ? t.funnel.notReported : key === 'replays' ? count(value) : share(value),
    tone,
  }))
  return (
    <div className={styles['funnel']}>
      <BarList label={t.funnel.title[kind]} head={[t.columns.state, t.columns.count]} items={items} />
    </div>
  )
}
