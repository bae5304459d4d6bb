import { Link } from '@tanstack/react-router'
import { useState } from 'react'
import type { TopNetworkRow, TopTokenRow } from '../api/types.ts'
import { count, percent, short } from '../format/number.ts'
import { t } from '../format/strings.ts'
import { ago } from '../format/time.ts'
import { Panel } from '../parts/panel.tsx'
import { Segments } from '../parts/segments.tsx'
import { Empty } from '../parts/states.tsx'
import { type Column, Table } from '../parts/table.tsx'
import { TokenName } from './token-name.tsx'
import { useAsk } from './use-ask.ts'
import { usePageWindow } from './window.tsx'

const ROWS = 8
type Measure = 'attempts' | 'failed'

/** Which tokens are used most, or fail most. */
export function TokensPanel({ className }: { readonly className?: string | undefined }) {
  const { window } = usePageWindow()
  const [measure, setMeasure] = useState<Measure>('attempts')
  const query = useAsk('top-tokens', { ...window, measure, limit: ROWS })
  const title = t.overview.topTokens
  return (
    <Panel
      className={className}
      title={title}
      query={query}
      height={290}
      flush
      empty={<Empty height={290} />}
      actions={<MeasureSwitch label={title} value={measure} onChange={setMeasure} />}
    >
      {(answer) => (
        <Table label={title} columns={tokenColumns(answer.watermark)} rows={answer.rows} keyOf={(row) => row.token.id} />
      )}
    </Panel>
  )
}

/** Where validations come from, or fail from, by network. */
export function NetworksPanel({ className }: { readonly className?: string | undefined }) {
  const { window } = usePageWindow()
  const [measure, setMeasure] = useState<Measure>('attempts')
  const query = useAsk('top-networks', { ...window, measure, limit: ROWS })
  const title = t.overview.topNetworks
  return (
    <Panel
      className={className}
      title={title}
      query={query}
      height={290}
      flush
      empty={<Empty height={290} />}
      actions={<MeasureSwitch label={title} value={measure} onChange={setMeasure} />}
    >
      {(answer) => (
        <Table
          label={title}
          columns={NETWORK_COLUMNS}
          rows={answer.rows}
          keyOf={(row) => `${row.network}/${row.asn}/${row.country}`}
        />
      )}
    </Panel>
  )
}

function MeasureSwitch({
  label,
  value,
  onChange,
}: {
  readonly label: string
  readonly value: Measure
  readonly onChange: (value: Measure) => void
}) {
  return (
    <Segments
      label={label}
      items={[
        { key: 'attempts', text: t.overview.byAttempts },
        { key: 'failed', text: t.overview.byFailures },
      ]}
      value={value}
      onChange={onChange}
    />
  )
}

function tokenColumns(now: number): readonly Column<TopTokenRow>[] {
  return [
    { name: t.columns.token, cell: ({ token }) => <TokenName token={token} /> },
    { name: t.columns.attempts, isNumber: true, cell: (row) => <Exact value={row.attempts} /> },
    { name: t.columns.failed, isNumber: true, cell: (row) => <Exact value={row.failed} /> },
    { name: t.columns.failedShare, isNumber: true, cell: (row) => failedShare(row) },
    { name: t.columns.networks, isNumber: true, cell: (row) => count(row.networks) },
    { name: t.columns.last, isNumber: true, cell: (row) => ago(row.lastAt, Math.max(now, row.lastAt)) },
  ]
}

const NETWORK_COLUMNS: readonly Column<TopNetworkRow>[] = [
  { name: t.columns.network, cell: (row) => <NetworkLink network={row.network} /> },
  { name: t.columns.where, cell: (row) => [row.country, row.asn > 0 ? `AS${row.asn}` : ''].filter(Boolean).join(' · ') || '–' },
  { name: t.columns.attempts, isNumber: true, cell: (row) => <Exact value={row.attempts} /> },
  { name: t.columns.failed, isNumber: true, cell: (row) => <Exact value={row.failed} /> },
  { name: t.columns.failedShare, isNumber: true, cell: (row) => failedShare(row) },
  { name: t.columns.tokens, isNumber: true, cell: (row) => count(row.tokens) },
  { name: t.columns.credentials, isNumber: true, cell: (row) => <Exact value={row.credentials} /> },
]

function NetworkLink({ network }: { readonly network: string }) {
  if (network === 'other') return network
  return (
    <Link to="/events" search={(search) => ({ ...search, network })}>
      <code>{network}</code>
    </Link>
  )
}

function Exact({ value }: { readonly value: number }) {
  return <span title={count(value)}>{short(value)}</span>
}

function failedShare({ failed, accepted }: { readonly failed: number; readonly accepted: number }): string {
  return failed + accepted === 0 ? '–' : percent(failed / (failed + accepted))
}
