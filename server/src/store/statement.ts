/** A statement as the front takes it apart. */
export interface Statement {
  /** Without comments at the end and the closing semicolon. */
  readonly sql: string
  /** `INSERT INTO … FORMAT x` whose rows come in the body: what stands before the format, and the format. */
  readonly insert: { readonly into: string; readonly format: string } | undefined
}

/**
 * Takes one statement of SQL text. The embedded engine would run whatever follows a semicolon and can write files, so several
 * statements and INTO OUTFILE are refused here, before it sees them.
 */
export function readStatement(text: string): Statement | { readonly refused: string } {
  const bare = withoutQuoted(text)
  if (bare === undefined) return { refused: 'a quote or a comment is not closed' }
  const end = bare.trimEnd().replace(/;$/, '').length
  if (bare.slice(0, end).includes(';')) return { refused: 'one statement at a time' }
  if (/\binto\s+outfile\b/i.test(bare) || /\bfrom\s+infile\b/i.test(bare))
    return { refused: 'files are not read or written by statements' }
  const sql = text.slice(0, end)
  const insert = /^\s*(insert\s+into\s[\s\S]*?)\s+format\s+(\w+)\s*$/i.exec(sql)
  const values = insert?.[1] !== undefined && !/\b(select|values)\b/i.test(bare.slice(0, end))
  return { sql, insert: values ? { into: insert[1] ?? '', format: insert[2] ?? '' } : undefined }
}

/** The text with every string, quoted name and comment blanked out, of the same length; undefined when one is left open. */
function withoutQuoted(text: string): string | undefined {
  let bare = ''
  for (const match of text.matchAll(
    /'(?:[^'\\]|\\[\s\S]|'')*'|"(?:[^"\\]|\\[\s\S]|"")*"|`(?:[^`\\]|\\[\s\S]|``)*`|--[^\n]*|#[! ][^\n]*|\/\*[\s\S]*?\*\/|\$\w*\$|['"`]|\/\*|[^'"`\-#/$]+|[\s\S]/g,
  )) {
    const [part] = match
    if (/^(?:['"`]|\/\*|\$\w*\$)$/.test(part)) return undefined
    bare += blank(part)
  }
  return bare
}

/** Strings and names become underscores, which end a statement as they did; comments become spaces. */
function blank(part: string): string {
  if (part.length > 1 && /^['"`]/.test(part)) return '_'.repeat(part.length)
  return part.length > 1 && /^(?:--|#|\/\*)/.test(part) ? ' '.repeat(part.length) : part
}
