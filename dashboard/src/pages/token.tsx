import { useQuery } from '@tanstack/react-query'
import { Link, useParams } from '@tanstack/react-router'
import { readToken, type TokenWithFamily } from '../api/tokens.ts'
import { t } from '../format/strings.ts'
import { StateMark } from '../parts/marks.tsx'
import { Failed, Loading } from '../parts/states.tsx'
import { OutcomePanel } from './overview-charts.tsx'
import { PageHead } from './page-head.tsx'
import { TokenActions } from './token-actions.tsx'
import { TokenFacts } from './token-facts.tsx'
import { LifePanel } from './token-life.tsx'
import styles from './token.module.css'
import { AfterEndPanel, PlacesPanel, ScopesPanel, UsePanel } from './token-uses.tsx'
import { TokenUseLine } from './token-use-line.tsx'

/** One token's story: what it is, how it is used and by whom, what happened to it, and what can be done now. */
export function TokenPage() {
  const { id = '' } = useParams({ strict: false })
  const query = useToken(id)
  const token = query.data
  return (
    <>
      <PageHead title={token?.name ?? id} heading={<Title id={id} token={token} />} hasTime />
      {token ? (
        <Story token={token} />
      ) : query.error ? (
        <Failed error={query.error} onRetry={() => void query.refetch()} />
      ) : (
        <Loading height={320} />
      )}
    </>
  )
}

function useToken(id: string) {
  return useQuery({ queryKey: ['token', id], queryFn: ({ signal }) => readToken(id, signal) })
}

function Title({ id, token }: { readonly id: string; readonly token: TokenWithFamily | undefined }) {
  return (
    <span className={styles['title']}>
      <Link to="/tokens" className={styles['back']}>
        {t.token.back}
      </Link>
      <span aria-hidden="true">/</span>
      <span className={styles['name']}>{token?.name ?? id}</span>
      {token && <StateMark of={token.state} />}
    </span>
  )
}

function Story({ token }: { readonly token: TokenWithFamily }) {
  const { id } = token
  return (
    <>
      <div className={styles['top']}>
        <TokenUseLine token={token} />
        <TokenActions token={token} />
      </div>
      <div className={styles['grid']}>
        <TokenFacts token={token} className={styles['third']} />
        <OutcomePanel className={styles['rest']} title={t.token.use} token={id} />
        {token.endedAt && <AfterEndPanel id={id} className={styles['full']} />}
        <LifePanel token={token} className={styles['third']} />
        <PlacesPanel id={id} className={styles['rest']} />
        <ScopesPanel id={id} className={styles['half']} />
        <UsePanel id={id} question="routes-of-token" title={t.token.routes} head={t.columns.route} className={styles['half']} />
        <UsePanel
          id={id}
          question="services-of-token"
          title={t.token.services}
          head={t.columns.service}
          className={styles['half']}
        />
        <UsePanel id={id} question="agents-of-token" title={t.token.agents} head={t.columns.client} className={styles['half']} />
      </div>
    </>
  )
}
