import type { ReactNode } from 'react'
import styles from './table.module.css'

export interface Column<Row> {
  readonly name: string
  readonly isNumber?: boolean
  /** Share of the width in long lists, where columns do not follow their content. */
  readonly width?: number
  readonly cell: (row: Row) => ReactNode
}

interface TableProps<Row> {
  readonly label: string
  readonly columns: readonly Column<Row>[]
  readonly rows: readonly Row[]
  readonly keyOf: (row: Row) => string
}

/** A small table of rows that are all there; on narrow screens each row is a card. Long lists use `LongList`. */
export function Table<Row>({ label, columns, rows, keyOf }: TableProps<Row>) {
  return (
    <div className={styles['scroll']} data-scroll tabIndex={0} role="group" aria-label={label}>
      <table className={styles['table']} role="table">
        <Head columns={columns} />
        <tbody role="rowgroup">
          {rows.map((row) => (
            <tr key={keyOf(row)} role="row">
              <Cells columns={columns} row={row} />
            </tr>
          ))}
        </tbody>
      </table>
    </div>
  )
}

/** The names of the columns. Roles are written out because cards change `display`, which would drop them. */
export function Head<Row>({
  columns,
  isFixed = false,
}: {
  readonly columns: readonly Column<Row>[]
  readonly isFixed?: boolean
}) {
  const total = columns.reduce((sum, { width = 1 }) => sum + width, 0)
  return (
    <thead role="rowgroup">
      <tr role="row">
        {columns.map(({ name, isNumber, width = 1 }) => (
          <th
            key={name}
            scope="col"
            role="columnheader"
            data-number={isNumber}
            style={isFixed ? { width: `${(width / total) * 100}%` } : undefined}
          >
            {name}
          </th>
        ))}
      </tr>
    </thead>
  )
}

/** The cells of one row. */
export function Cells<Row>({ columns, row }: { readonly columns: readonly Column<Row>[]; readonly row: Row }) {
  return columns.map(({ name, isNumber, cell }) => (
    <td key={name} role="cell" data-number={isNumber} data-name={name}>
      {cell(row)}
    </td>
  ))
}
