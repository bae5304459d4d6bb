import { useQuery } from '@tanstack/react-query'
import type { ReactNode } from 'react'
import { type BlastRadius, readBlastRadius } from '../api/findings.ts'
import type { Share } from '../api/types.ts'
import { count, percent, short } from '../format/number.ts'
import { t } from '../format/strings.ts'
import { ago, type TimeFormat } from '../format/time.ts'
import { BarList } from '../parts/bar-list.tsx'
import { Box } from '../parts/box.tsx'
import { Failed, Loading } from '../parts/states.tsx'
import { useTimeFormat } from '../parts/time-format.tsx'
import { Facts } from './finding-side.tsx'
import styles from './finding.module.css'
import { useSession } from './session.ts'

const ROWS = 6

/** Who would be refused if the token were stopped now. */
export function BlastRadiusPanel({ token }: { readonly token: string }) {
  const time = useTimeFormat()
  const mayRead = useSession().data?.principal.permissions.includes('rows:read') ?? false
  const { data, error, refetch } = useQuery({
    queryKey: ['blast-radius', token],
    queryFn: ({ signal }) => readBlastRadius(token, signal),
    staleTime: 60_000,
    enabled: mayRead,
  })
  return (
    <Box title={t.finding.blast} hint={t.finding.blastHint}>
      {body()}
    </Box>
  )

  function body(): ReactNode {
    if (!mayRead) return <p className={styles['quiet']}>{t.states.notPermitted}</p>
    if (data) return <Radius radius={data} time={time} />
    if (error) return <Failed error={error} onRetry={() => void refetch()} />
    return <Loading height={160} />
  }
}

function Radius({ radius, time }: { readonly radius: BlastRadius; readonly time: TimeFormat }) {
  const { owner, share7d, share28d, lastUsedAt, nextUse, services, clients } = radius
  const now = Date.now()
  return (
    <>
      <Facts
        facts={[
          [t.columns.share, `${shareText(share7d, 7)}; ${shareText(share28d, 28)}`],
          [t.finding.lastUsed, lastUsedAt === null ? t.tokens.never : ago(lastUsedAt, Math.max(now, lastUsedAt))],
          [t.finding.nextUse, nextUse ? `${time.short(nextUse.at)}, ${t.finding.nextBy[nextUse.by]}` : t.finding.noHabit],
          [t.columns.owner, t.finding.otherTokens(owner.id, count(owner.otherTokens))],
          [t.columns.networks, radius.networks.length > 0 && count(radius.networks.length)],
        ]}
      />
      <div className={styles['halves']}>
        <Uses title={t.token.services} head={t.columns.service} rows={services} />
        <Uses title={t.token.agents} head={t.columns.client} rows={clients} />
      </div>
    </>
  )
}

function shareText(share: Share | null, days: number): string {
  return share === null || share.numerator === 0 ? t.finding.noShare(days) : t.finding.share(percent(share.value), days)
}

function Uses({ title, head, rows }: { readonly title: string; readonly head: string; readonly rows: BlastRadius['services'] }) {
  if (rows.length === 0) return null
  return (
    <div>
      <h3 className={styles['small']}>{title}</h3>
      <BarList
        label={title}
        head={[head, t.columns.accepted]}
        items={rows.slice(0, ROWS).map(({ name, accepted }) => ({
          key: name,
          name: name || '–',
          value: accepted,
          text: short(accepted),
          title: count(accepted),
        }))}
      />
    </div>
  )
}
