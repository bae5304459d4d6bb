import Pdfkit from 'pdfkit'
import type { PackDocument, Section } from './document.ts'
import { breakUnless, FONTS, INK, MARGIN, pageOf, type Element, type Page, type Pdf } from './pdf-page.ts'
import { drawTable } from './pdf-table.ts'
import { latin } from './pdf-text.ts'

const SIZE = { title: 20, heading: 13, text: 9.5, small: 8 } as const

/** The report as a tagged PDF: title, language, headings, paragraphs, tables with heads. The same document gives the same bytes. */
export async function writePdf(
  document: PackDocument,
  madeAt: number,
  write: (chunk: Uint8Array) => Promise<void>,
): Promise<void> {
  const pdf = openPdf(document, madeAt)
  const page = pageOf(pdf)
  const root = pdf.struct('Document')
  pdf.addStructure(root)
  root.add(titleOf(document, page))
  for (const section of document.sections) root.add(sectionOf(section, page))
  root.end()
  numberPages(page)
  pdf.end()
  for await (const chunk of pdf as unknown as AsyncIterable<Uint8Array>) await write(chunk)
}

function openPdf(document: PackDocument, madeAt: number): Pdf {
  return new Pdfkit({
    size: 'A4',
    layout: document.stands ? 'portrait' : 'landscape',
    margins: { top: MARGIN, left: MARGIN, right: MARGIN, bottom: MARGIN + 14 },
    bufferPages: true,
    pdfVersion: '1.7',
    tagged: true,
    lang: 'en',
    displayTitle: true,
    info: {
      Title: latin(document.title),
      Subject: latin(document.subtitle),
      Creator: 'Tokentrail',
      CreationDate: new Date(madeAt),
    },
  })
}

function titleOf({ title, subtitle }: PackDocument, page: Page): Element {
  const { pdf } = page
  const sect = pdf.struct('Sect')
  sect.add(page.mark('H1', () => void pdf.font(FONTS.bold).fontSize(SIZE.title).fillColor(INK.text).text(latin(title))))
  sect.add(page.mark('P', () => void pdf.font(FONTS.text).fontSize(SIZE.text).fillColor(INK.soft).text(latin(subtitle))))
  sect.end()
  return sect
}

function sectionOf({ title, paragraphs, facts = [], tables = [] }: Section, page: Page): Element {
  const { pdf } = page
  const sect = pdf.struct('Sect')
  breakUnless(page, 70)
  pdf.moveDown(1.2)
  sect.add(
    page.mark('H2', () => void pdf.font(FONTS.bold).fontSize(SIZE.heading).fillColor(INK.text).text(latin(title), page.left)),
  )
  pdf.moveDown(0.3)
  for (const each of paragraphs) {
    sect.add(
      page.mark(
        'P',
        () =>
          void pdf
            .font(FONTS.text)
            .fontSize(SIZE.text)
            .fillColor(INK.text)
            .text(latin(each), page.left, pdf.y, { width: Math.min(page.width, 560), paragraphGap: 3 }),
      ),
    )
  }
  if (facts.length > 0) sect.add(factsOf(facts, page))
  for (const table of tables) sect.add(drawTable(table, page))
  sect.end()
  return sect
}

const NAME_WIDTH = 150

/** Names and values as paragraphs, so that they are read in pairs. */
function factsOf(facts: NonNullable<Section['facts']>, page: Page): Element {
  const { pdf } = page
  const list = pdf.struct('L')
  pdf.moveDown(0.4)
  for (const { name, value } of facts) {
    pdf.font(FONTS.text).fontSize(SIZE.text)
    const height = Math.max(
      pdf.heightOfString(latin(value), { width: page.width - NAME_WIDTH }),
      pdf.heightOfString(latin(name), { width: NAME_WIDTH - 8 }),
    )
    breakUnless(page, height)
    const { y } = pdf
    const item = pdf.struct('LI')
    item.add(page.mark('Lbl', () => void pdf.fillColor(INK.soft).text(latin(name), page.left, y, { width: NAME_WIDTH - 8 })))
    item.add(
      page.mark(
        'LBody',
        () => void pdf.fillColor(INK.text).text(latin(value), page.left + NAME_WIDTH, y, { width: page.width - NAME_WIDTH }),
      ),
    )
    item.end()
    list.add(item)
    pdf.y = y + height + 2
    pdf.x = page.left
  }
  list.end()
  return list
}

function numberPages(page: Page): void {
  const { pdf } = page
  const { start, count } = pdf.bufferedPageRange()
  for (let i = start; i < start + count; i += 1) {
    pdf.switchToPage(i)
    // Below the margin, where text would otherwise begin another page.
    pdf.page.margins.bottom = 0
    const text = `Tokentrail   page ${i + 1} of ${count}`
    const place = { width: page.width, align: 'right' as const, lineBreak: false }
    page.artifact(
      'Pagination',
      () =>
        void pdf
          .font(FONTS.text)
          .fontSize(SIZE.small)
          .fillColor(INK.soft)
          .text(text, page.left, page.bottom + 10, place),
    )
  }
}
