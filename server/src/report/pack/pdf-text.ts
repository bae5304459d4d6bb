/**
 * The fonts that every reader of PDF brings know Western letters only, and none is carried here: other letters become a
 * question mark in the PDF. HTML and the files of rows show them.
 */
export function latin(text: string): string {
  return text.replaceAll(/[‘’]/g, "'").replaceAll(/[“”]/g, '"').replaceAll('\u2026', '...').replaceAll(OTHERS, '?')
}

/** Everything but printable ASCII, Latin-1, and the dashes and bullet of Windows-1252. */
const OTHERS = /[^\n\u0020-\u007e\u00a0-\u00ff\u2013\u2014\u2022]/gu
