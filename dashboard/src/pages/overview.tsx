import { t } from '../format/strings.ts'
import { NewestPanel } from './overview-events.tsx'
import { Figures } from './overview-figures.tsx'
import styles from './overview.module.css'
import { FailurePanel, LatencyPanel, OutcomePanel, ReasonPanel } from './overview-charts.tsx'
import { NetworksPanel, TokensPanel } from './overview-tops.tsx'
import { PageHead } from './page-head.tsx'
import { TrustLine } from './trust-line.tsx'

/** How is the door doing? Figures, their course over time, who is behind them, and what has just happened. */
export function OverviewPage() {
  return (
    <>
      <PageHead title={t.overview.title} hasTime />
      <TrustLine />
      <Figures />
      <div className={styles['grid']}>
        <OutcomePanel className={styles['wide']} isFirst />
        <ReasonPanel className={styles['narrow']} />
        <FailurePanel className={styles['half']} />
        <LatencyPanel className={styles['half']} />
        <TokensPanel className={styles['half']} />
        <NetworksPanel className={styles['half']} />
        <NewestPanel className={styles['full']} />
      </div>
    </>
  )
}
