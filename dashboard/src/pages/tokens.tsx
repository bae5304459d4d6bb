import { keepPreviousData, useInfiniteQuery } from '@tanstack/react-query'
import { Link, useNavigate, useSearch } from '@tanstack/react-router'
import { useCallback, useMemo } from 'react'
import { readTokens, type Token, type TokenPage } from '../api/tokens.ts'
import type { LastUsedRow } from '../api/types.ts'
import { withoutSecret } from '../format/find.ts'
import { count, short } from '../format/number.ts'
import { t } from '../format/strings.ts'
import { ago } from '../format/time.ts'
import { Button } from '../parts/button.tsx'
import { LongList } from '../parts/long-list.tsx'
import { StateMark } from '../parts/marks.tsx'
import { SearchField } from '../parts/search-field.tsx'
import { Select } from '../parts/select.tsx'
import { Empty, Failed, Loading } from '../parts/states.tsx'
import type { Column } from '../parts/table.tsx'
import { useTimeFormat } from '../parts/time-format.tsx'
import { FunnelPanel } from './funnel.tsx'
import { firstIssue } from './first-request.ts'
import { PageHead } from './page-head.tsx'
import { ANY_KIND, type TokensSearch } from './search.ts'
import styles from './tokens.module.css'
import { useLastUsed } from './use-last-used.ts'

const PAGE_ROWS = 100

/** Which tokens are there, in what state, and when was each last used? */
export function TokensPage() {
  const filter: TokensSearch = useSearch({ strict: false })
  const { search, kind, state } = filter
  const query = useTokenPages({ search, kind: kind === ANY_KIND ? undefined : kind, state })
  const tokens = useMemo(() => query.data?.pages.flatMap(({ items }) => items) ?? [], [query.data])
  const used = useLastUsed(tokens)
  return (
    <>
      <PageHead title={t.tokens.title} />
      <Filters filter={{ search, kind, state }} />
      {(kind === 'action' || kind === 'validation') && <FunnelPanel kind={kind} />}
      <section className={styles['list']} aria-label={t.tokens.list} aria-busy={query.isPending}>
        {body()}
      </section>
    </>
  )

  function body() {
    if (query.error && !query.data) return <Failed error={query.error} onRetry={() => void query.refetch()} height={320} />
    if (query.isPending) return <Loading height={320} />
    if (tokens.length === 0)
      return <Empty title={t.states.emptyPlain} hint={t.tokens.empty} command={firstIssue()} height={240} />
    return <Tokens tokens={tokens} used={used} query={query} />
  }
}

type Pages = ReturnType<typeof useTokenPages>

function useTokenPages(filter: TokensSearch) {
  return useInfiniteQuery({
    queryKey: ['tokens', filter],
    queryFn: ({ pageParam, signal }) =>
      readTokens({ ...filter, limit: PAGE_ROWS, ...(pageParam ? { cursor: pageParam } : {}) }, signal),
    initialPageParam: '',
    getNextPageParam: (last: TokenPage) => last.next,
    placeholderData: keepPreviousData,
  })
}

function Filters({ filter }: { readonly filter: TokensSearch }) {
  const navigate = useNavigate()
  const show = useCallback(
    (part: TokensSearch) => void navigate({ to: '/tokens', search: (search) => ({ ...search, ...part }), replace: true }),
    [navigate],
  )
  const onSearch = useCallback((search: string) => show({ search: withoutSecret(search) || undefined }), [show])
  const isFiltered = Object.values(filter).some((value) => value !== undefined && value !== ANY_KIND)
  return (
    <div className={styles['filters']} role="search">
      <SearchField label={t.tokens.search} value={filter.search ?? ''} onChange={onSearch} />
      <Select
        label={t.columns.kind}
        value={filter.kind ?? ANY_KIND}
        items={[{ key: ANY_KIND, text: t.tokens.anyKind }, ...optionsOf(t.kind)]}
        onChange={(kind) => show({ kind })}
      />
      <Select
        label={t.columns.state}
        value={filter.state ?? ''}
        items={[{ key: '', text: t.tokens.anyState }, ...optionsOf(t.state).filter(({ key }) => key !== 'purged')]}
        onChange={(state) => show({ state: state || undefined })}
      />
      {isFiltered && (
        <Button look="quiet" onPress={() => show({ search: undefined, kind: ANY_KIND, state: undefined })}>
          {t.tokens.clear}
        </Button>
      )}
    </div>
  )
}

function optionsOf(names: Readonly<Record<string, string>>) {
  return Object.entries(names).map(([key, text]) => ({ key, text }))
}

function Tokens({
  tokens,
  used,
  query,
}: {
  readonly tokens: readonly Token[]
  readonly used: ReadonlyMap<string, LastUsedRow>
  readonly query: Pages
}) {
  const time = useTimeFormat()
  const now = query.dataUpdatedAt
  const columns: readonly Column<Token>[] = [
    { name: t.columns.name, width: 3, cell: (token) => <Name token={token} /> },
    { name: t.columns.owner, width: 2, cell: ({ owner }) => <span title={owner}>{owner}</span> },
    { name: t.columns.kind, width: 1.2, cell: ({ kind }) => t.kind[kind] },
    { name: t.columns.state, width: 1.3, cell: ({ state }) => <StateMark of={state} /> },
    { name: t.columns.lastUsed, width: 1.3, isNumber: true, cell: ({ id }) => <LastUsed row={used.get(id)} now={now} /> },
    { name: t.columns.uses30d, width: 1.2, isNumber: true, cell: ({ id }) => <Uses row={used.get(id)} /> },
    { name: t.columns.scopes, width: 2, cell: ({ scopes }) => <span title={scopes.join(' ')}>{scopes.join(' ') || '–'}</span> },
    {
      name: t.columns.issued,
      width: 1.4,
      isNumber: true,
      cell: ({ issuedAt }) => (issuedAt ? time.day(Date.parse(issuedAt)) : '?'),
    },
    {
      name: t.columns.expires,
      width: 1.4,
      isNumber: true,
      cell: ({ expiresAt }) => (expiresAt ? ago(Date.parse(expiresAt), now) : t.tokens.neverExpires),
    },
  ]
  const note = query.hasNextPage ? t.tokens.loadedMore(count(tokens.length)) : t.tokens.loaded(count(tokens.length))
  return (
    <LongList
      label={t.tokens.list}
      columns={columns}
      rows={tokens}
      keyOf={({ id }) => id}
      hasMore={query.hasNextPage}
      isLoading={query.isFetchingNextPage}
      onMore={() => void query.fetchNextPage()}
      note={note}
    />
  )
}

function Name({ token }: { readonly token: Token }) {
  return (
    <Link to="/tokens/$id" params={{ id: token.id }} title={token.id}>
      {token.name ?? <code>{token.id}</code>}
    </Link>
  )
}

function LastUsed({ row, now }: { readonly row: LastUsedRow | undefined; readonly now: number }) {
  const time = useTimeFormat()
  if (!row) return '…'
  if (row.lastAcceptedAt === null) return t.tokens.never
  return (
    <time dateTime={new Date(row.lastAcceptedAt).toISOString()} title={time.stamp(row.lastAcceptedAt)}>
      {ago(row.lastAcceptedAt, Math.max(now, row.lastAcceptedAt))}
    </time>
  )
}

function Uses({ row }: { readonly row: LastUsedRow | undefined }) {
  if (!row) return '…'
  return (
    <span title={`${count(row.accepted30d)} ${t.columns.accepted}, ${count(row.failed30d)} ${t.columns.failed}`}>
      {short(row.accepted30d)}
    </span>
  )
}
