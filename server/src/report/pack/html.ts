import { createHash } from 'node:crypto'
import { htmlText as text } from 'tokentrail/verify'
import type { PackDocument, Section, Table } from './document.ts'

/** The report as one file: no script, styles inside, nothing loaded from anywhere. */
export function htmlOf(document: PackDocument): string {
  const csp = `default-src 'none'; style-src 'sha256-${createHash('sha256').update(STYLE).digest('base64')}'; base-uri 'none'; form-action 'none'`
  return `<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta http-equiv="Content-Security-Policy" content="${csp}">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="robots" content="noindex">
<title>${text(document.title)}</title>
<style>${STYLE}</style>
</head>
<body>
<header><h1>${text(document.title)}</h1><p>${text(document.subtitle)}</p></header>
<nav aria-label="Contents"><ol>${document.sections.map(({ id, title }) => `<li><a href="#${text(id)}">${text(title)}</a></li>`).join('')}</ol></nav>
<main>
${document.sections.map(sectionOf).join('\n')}
</main>
</body>
</html>
`
}

function sectionOf({ id, title, paragraphs, facts = [], tables = [] }: Section): string {
  const list = facts.map(({ name, value }) => `<div><dt>${text(name)}</dt><dd>${text(value)}</dd></div>`).join('')
  return `<section id="${text(id)}"><h2>${text(title)}</h2>
${paragraphs.map((each) => `<p>${text(each)}</p>`).join('\n')}
${list === '' ? '' : `<dl>${list}</dl>`}
${tables.map(tableOf).join('\n')}</section>`
}

function tableOf({ caption, head, rows, right = [], whole = [] }: Table): string {
  const side = (column: number): string => (right.includes(column) ? ' class="n"' : whole.includes(column) ? ' class="w"' : '')
  const heads = head.map((each, i) => `<th scope="col"${side(i)}>${text(each)}</th>`).join('')
  const body = rows.map((row) => `<tr>${row.map((cell, i) => `<td${side(i)}>${text(cell)}</td>`).join('')}</tr>`).join('\n')
  return `<div class="t" tabindex="0" role="region" aria-label="${text(caption)}"><table><caption>${text(caption)}</caption><thead><tr>${heads}</tr></thead><tbody>
${body}
</tbody></table></div>`
}

const STYLE = `
:root{color-scheme:light dark;--ink:#1a1d21;--soft:#59616b;--line:#d5d9de;--page:#fff;--band:#f4f6f8}
@media(prefers-color-scheme:dark){:root{--ink:#e6e8eb;--soft:#a3abb5;--line:#3a4149;--page:#15181c;--band:#1e2328}}
*{box-sizing:border-box}
body{margin:0 auto;padding:2rem 1.25rem 4rem;max-width:72rem;font:1rem/1.55 system-ui,sans-serif;color:var(--ink);background:var(--page)}
h1{font-size:1.75rem;line-height:1.2;margin:0 0 .25rem}
h2{font-size:1.25rem;margin:2.5rem 0 .5rem;padding-top:1rem;border-top:2px solid var(--line)}
p{margin:.4rem 0;max-width:65ch}
nav{margin:1.5rem 0}nav ol{columns:2 18rem;margin:0;padding-left:1.5rem}a{color:inherit}
dl{margin:1rem 0;display:grid;gap:.25rem 0}dl div{display:grid;grid-template-columns:13rem 1fr;gap:1rem}
dt{color:var(--soft)}dd{margin:0;overflow-wrap:anywhere}
.t{overflow-x:auto;margin:1rem 0}
table{border-collapse:collapse;width:100%;font-size:.875rem;font-variant-numeric:tabular-nums}
caption{text-align:left;font-weight:600;padding:.5rem 0}
th,td{text-align:left;vertical-align:top;padding:.35rem .6rem;border-bottom:1px solid var(--line);overflow-wrap:anywhere;min-width:4.5rem}
th{background:var(--band);overflow-wrap:normal}.n{text-align:right}td.w{white-space:nowrap}
tr{break-inside:avoid}thead{display:table-header-group}
@media(max-width:40rem){dl div{grid-template-columns:1fr;gap:0}}
@media print{:root{--ink:#000;--soft:#444;--line:#bbb;--page:#fff;--band:#f2f2f2}body{max-width:none;padding:0;font-size:10pt}table{font-size:8pt}nav{display:none}.t{overflow:visible}h2{break-after:avoid}}
@page{margin:16mm 14mm}
`
