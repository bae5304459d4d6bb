import type Pdfkit from 'pdfkit'

/** An element of the structure. */
export type Element = ReturnType<Pdf['struct']>
type Tag = Parameters<Pdf['struct']>[0]
export type Pdf = InstanceType<typeof Pdfkit>

/** A page on which things are drawn, each into the structure that a screen reader follows. */
export interface Page {
  readonly pdf: Pdf
  readonly left: number
  readonly width: number
  readonly bottom: number
  /** Draws something and gives its element of the structure. */
  mark(tag: Tag, draw: () => void, options?: ElementOptions): Element
  /** Draws what is no content: rules, repeated heads, page numbers. */
  artifact(type: 'Pagination' | 'Layout', draw: () => void): void
}

export interface ElementOptions {
  readonly title?: string
  readonly scope?: 'Column' | 'Row'
}

export const MARGIN = 42
export const FONTS = { text: 'Helvetica', bold: 'Helvetica-Bold' } as const
export const INK = { text: '#1a1d21', soft: '#59616b', line: '#c4c9cf', band: '#f1f3f5' } as const

/** The page of a document. */
export function pageOf(pdf: Pdf): Page {
  return {
    pdf,
    left: MARGIN,
    width: pdf.page.width - 2 * MARGIN,
    bottom: pdf.page.height - MARGIN - 14,
    mark(tag, draw, options = {}) {
      const content = pdf.markStructureContent(tag)
      draw()
      pdf.endMarkedContent()
      return pdf.struct(tag, options, [content])
    },
    artifact(type, draw) {
      pdf.markContent('Artifact', { type })
      draw()
      pdf.endMarkedContent()
    },
  }
}

/** Goes to the next page where less than so much is left. */
export function breakUnless({ pdf, bottom }: Page, height: number): boolean {
  if (pdf.y + height <= bottom) return false
  pdf.addPage()
  return true
}
