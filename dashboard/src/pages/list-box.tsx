import type { UseQueryResult } from '@tanstack/react-query'
import type { ReactNode } from 'react'
import { Box } from '../parts/box.tsx'
import { Empty, Failed, Loading } from '../parts/states.tsx'
import { type Column, Table } from '../parts/table.tsx'

/** A titled list that is asked for whole: waiting, failed, empty or full. */
export function ListBox<Row>({ title, hint, actions, query, empty, columns, keyOf, children }: ListBoxProps<Row>) {
  return (
    <Box title={title} hint={hint} actions={actions}>
      {children}
      {body()}
    </Box>
  )

  function body(): ReactNode {
    const { data, error, refetch } = query
    if (error && !data) return <Failed error={error} onRetry={() => void refetch()} height={80} />
    if (!data) return <Loading height={80} />
    if (data.length === 0) return <Empty title={empty} height={48} />
    return <Table label={title} columns={columns} rows={data} keyOf={keyOf} />
  }
}

interface ListBoxProps<Row> {
  readonly title: string
  readonly hint?: string
  readonly actions?: ReactNode
  readonly query: UseQueryResult<readonly Row[]>
  readonly empty: string
  readonly columns: readonly Column<Row>[]
  readonly keyOf: (row: Row) => string
  readonly children?: ReactNode
}
