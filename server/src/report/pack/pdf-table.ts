import type { Table } from './document.ts'
import { breakUnless, FONTS, INK, type Element, type Page } from './pdf-page.ts'
import { latin } from './pdf-text.ts'

const SIZE = 7.5
const PADDING = 3
const WIDTH_MIN = 42
/** A cell that is taller is cut: the files hold the whole. */
const CELL_CHARS_MAX = 400

/** A table with its caption; the head is repeated on each page, where only the first is content. */
export function drawTable(table: Table, page: Page): Element {
  const { pdf } = page
  const element = pdf.struct('Table', { title: table.caption })
  const widths = widthsOf(table, page)
  breakUnless(page, 60)
  pdf.moveDown(0.6)
  element.add(
    page.mark('Caption', () => void pdf.font(FONTS.bold).fontSize(9).fillColor(INK.text).text(latin(table.caption), page.left)),
  )
  pdf.moveDown(0.2)
  element.add(drawRow(table, table.head, widths, page, 'TH'))
  for (const row of table.rows) {
    if (breakUnless(page, heightOf(row, widths, page, FONTS.text)))
      page.artifact('Pagination', () => drawCells(table, table.head, widths, page, FONTS.bold))
    element.add(drawRow(table, row, widths, page, 'TD'))
  }
  element.end()
  pdf.x = page.left
  return element
}

function drawRow(table: Table, cells: readonly string[], widths: readonly number[], page: Page, tag: 'TH' | 'TD'): Element {
  const { pdf } = page
  const font = tag === 'TH' ? FONTS.bold : FONTS.text
  const height = heightOf(cells, widths, page, font)
  const { y } = pdf
  const row = pdf.struct('TR')
  if (tag === 'TH') page.artifact('Layout', () => void pdf.rect(page.left, y, page.width, height).fill(INK.band))
  let x = page.left
  for (const [i, cell] of cells.entries()) {
    const width = widths[i] ?? WIDTH_MIN
    const [left, column] = [x, i]
    row.add(
      page.mark(
        tag,
        () => drawCell(table, cell, { x: left, y, width, column }, page, font),
        tag === 'TH' ? { scope: 'Column' } : {},
      ),
    )
    x += width
  }
  row.end()
  page.artifact(
    'Layout',
    () =>
      void pdf
        .moveTo(page.left, y + height)
        .lineTo(page.left + page.width, y + height)
        .lineWidth(0.4)
        .stroke(INK.line),
  )
  pdf.y = y + height
  return row
}

/** The same without structure, for a head that is only repeated. */
function drawCells(table: Table, cells: readonly string[], widths: readonly number[], page: Page, font: string): void {
  const { pdf } = page
  const height = heightOf(cells, widths, page, font)
  const { y } = pdf
  pdf.rect(page.left, y, page.width, height).fill(INK.band)
  let x = page.left
  for (const [column, cell] of cells.entries()) {
    const width = widths[column] ?? WIDTH_MIN
    drawCell(table, cell, { x, y, width, column }, page, font)
    x += width
  }
  pdf.y = y + height
}

interface Place {
  readonly x: number
  readonly y: number
  readonly width: number
  readonly column: number
}

function drawCell({ right = [] }: Table, cell: string, { x, y, width, column }: Place, { pdf }: Page, font: string): void {
  pdf
    .font(font)
    .fontSize(SIZE)
    .fillColor(INK.text)
    .text(cut(cell), x + PADDING, y + PADDING, { width: width - 2 * PADDING, align: right.includes(column) ? 'right' : 'left' })
}

function heightOf(cells: readonly string[], widths: readonly number[], { pdf }: Page, font: string): number {
  pdf.font(font).fontSize(SIZE)
  const heights = cells.map((cell, i) => pdf.heightOfString(cut(cell) || ' ', { width: (widths[i] ?? WIDTH_MIN) - 2 * PADDING }))
  return Math.max(...heights, SIZE) + 2 * PADDING
}

/** Columns as wide as their text asks for, in the width that there is. */
function widthsOf({ head, rows }: Table, { pdf, width }: Page): readonly number[] {
  pdf.font(FONTS.bold).fontSize(SIZE)
  const wanted = head.map((title, i) => {
    const longest = rows.reduce((most, row) => Math.max(most, (row[i] ?? '').length), 0)
    return Math.max(WIDTH_MIN, pdf.widthOfString(latin(title)) + 2 * PADDING, Math.min(longest, 60) * SIZE * 0.52 + 2 * PADDING)
  })
  const total = wanted.reduce((sum, each) => sum + each, 0)
  return wanted.map((each) => (each * width) / total)
}

function cut(text: string): string {
  const plain = latin(text)
  return plain.length > CELL_CHARS_MAX ? `${plain.slice(0, CELL_CHARS_MAX)}...` : plain
}
