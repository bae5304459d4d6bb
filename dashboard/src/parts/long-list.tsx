import { useWindowVirtualizer } from '@tanstack/react-virtual'
import { type ReactNode, useLayoutEffect, useRef, useState } from 'react'
import { t } from '../format/strings.ts'
import { Button } from './button.tsx'
import { Cells, type Column, Head } from './table.tsx'
import styles from './table.module.css'

const ROW_HEIGHT = 33

/** A list of any length that grows by pages and scrolls with the page. Only the rows in sight are in the document. */
export function LongList<Row>({
  label,
  columns,
  rows,
  keyOf,
  isOpen,
  onOpen,
  hasMore,
  isLoading,
  onMore,
  note,
}: LongListProps<Row>) {
  const table = useRef<HTMLTableElement>(null)
  const [top, setTop] = useState(0)
  useLayoutEffect(() => setTop((table.current?.getBoundingClientRect().top ?? 0) + window.scrollY), [])
  const virtual = useWindowVirtualizer({
    count: rows.length,
    estimateSize: () => ROW_HEIGHT,
    getItemKey: (index) => {
      const row = rows[index]
      return row === undefined ? index : keyOf(row)
    },
    overscan: 12,
    scrollMargin: top,
  })
  const items = virtual.getVirtualItems()
  const above = (items[0]?.start ?? top) - top
  const below = virtual.getTotalSize() - ((items.at(-1)?.end ?? top) - top)
  return (
    <>
      <table
        ref={table}
        className={`${styles['table']} ${styles['long']}`}
        role="table"
        aria-label={label}
        aria-rowcount={hasMore ? -1 : rows.length + 1}
      >
        <Head columns={columns} isFixed />
        <tbody role="rowgroup">
          <Spacer height={above} span={columns.length} />
          {items.map(({ index, key }) => {
            const row = rows[index]
            return row === undefined ? null : (
              <tr
                key={key}
                ref={virtual.measureElement}
                data-index={index}
                role="row"
                aria-rowindex={index + 2}
                data-open={isOpen?.(row)}
                onClick={onOpen && ((event) => isBare(event.target) && onOpen(row))}
              >
                <Cells columns={columns} row={row} />
              </tr>
            )
          })}
          <Spacer height={below} span={columns.length} />
        </tbody>
      </table>
      <div className={styles['more']}>
        {note}
        {hasMore && (
          <Button onPress={onMore} isDisabled={isLoading}>
            {isLoading ? t.states.loading : t.tokens.more}
          </Button>
        )}
      </div>
    </>
  )
}

interface LongListProps<Row> {
  readonly label: string
  readonly columns: readonly Column<Row>[]
  readonly rows: readonly Row[]
  readonly keyOf: (row: Row) => string
  readonly isOpen?: (row: Row) => boolean
  /** Opens a row by a click anywhere on it; keys use the button or link inside. */
  readonly onOpen?: (row: Row) => void
  readonly hasMore: boolean
  readonly isLoading: boolean
  readonly onMore: () => void
  readonly note?: ReactNode
}

/** A click on a link or button inside the row means that one, and a selected text is no click. */
function isBare(target: EventTarget): boolean {
  return target instanceof Element && target.closest('a, button') === null && getSelection()?.isCollapsed !== false
}

/** Stands for the rows out of sight. */
function Spacer({ height, span }: { readonly height: number; readonly span: number }) {
  if (height <= 0) return null
  return (
    <tr className={styles['spacer']} aria-hidden="true">
      <td colSpan={span} style={{ height }} />
    </tr>
  )
}
