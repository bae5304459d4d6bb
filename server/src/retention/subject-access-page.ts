import type { Milliseconds } from 'tokentrail'
import type { Owner } from '../records/records.ts'
import type { HeldItem } from './subject-access.ts'

const TITLES = {
  owner: 'Who you are here',
  tokens: 'Credentials that were issued to you',
  findings: 'What was found about their use',
  values: 'What the audit log holds about you, sealed under your own keys',
  events: 'Events of your credentials and of what you did, newest first',
} as const satisfies Record<HeldItem['section'], string>

/** Events that the page shows; all of them are in the file for machines. */
const SHOWN_MAX = 1_000

/** The page of an access request: everything is text, nothing is loaded from anywhere. */
export function readableAccess(o: {
  readonly owner: Owner
  readonly items: readonly HeldItem[]
  readonly at: Milliseconds
  readonly digest: string
  readonly eventsMax: number
}): string {
  const sections = (Object.keys(TITLES) as (keyof typeof TITLES)[]).map((name) => {
    const items = o.items.filter(({ section }) => section === name)
    return section(TITLES[name], items, name === 'events' ? o.eventsMax : Number.POSITIVE_INFINITY)
  })
  return `<!doctype html>
<html lang="en"><head><meta charset="utf-8"><meta http-equiv="Content-Security-Policy" content="default-src 'none'; style-src 'unsafe-inline'">
<title>What is held about ${escaped(o.owner.id)}</title>
<style>body{font:1rem/1.5 system-ui;margin:2rem auto;max-width:70rem;padding:0 1rem}table{border-collapse:collapse;width:100%;font-size:.875rem}
td,th{border:1px solid #8888;padding:.25rem .5rem;text-align:left;vertical-align:top;overflow-wrap:anywhere}</style></head><body>
<h1>What is held about ${escaped(o.owner.id)}</h1>
<p>Made on ${new Date(o.at).toISOString()}. Addresses are kept as keyed numbers whose keys are destroyed on their dates; they are personal data still.
The same data for machines is in <code>data.ndjson</code>, SHA-256 <code>${o.digest}</code>.</p>
${sections.join('\n')}
<h2>Why, how long, and what you may ask for</h2>
<p>It is recorded to find misuse of credentials and to answer it, and to show afterwards who did what. Events age by the retention of the tenant,
entries of the audit log after 400 days unless another time was set. You may ask for correction, restriction and erasure.</p>
</body></html>
`
}

function section(title: string, items: readonly HeldItem[], countMax: number): string {
  const more = items.length >= countMax ? ` There are more than these ${countMax}: ask for a shorter time.` : ''
  const shown = items.slice(0, SHOWN_MAX)
  const left = items.length > shown.length ? ` The first ${shown.length} are shown; the rest is in the file.` : ''
  if (items.length === 0) return `<h2>${title}</h2><p>Nothing.</p>`
  return `<h2>${title}</h2><p>${items.length}.${left}${more}</p>${table(shown)}`
}

function table(items: readonly HeldItem[]): string {
  const columns = [...new Set(items.flatMap(({ data }) => Object.keys(data)))]
  const head = columns.map((column) => `<th scope="col">${escaped(column)}</th>`).join('')
  const rows = items.map(
    ({ data }) => `<tr>${columns.map((column) => `<td>${escaped(textOf(data[column]))}</td>`).join('')}</tr>`,
  )
  return `<table><thead><tr>${head}</tr></thead><tbody>${rows.join('')}</tbody></table>`
}

function textOf(value: unknown): string {
  if (value === null || value === undefined) return ''
  return typeof value === 'string' ? value : JSON.stringify(value)
}

function escaped(text: string): string {
  return text.replaceAll(/[&<>"']/g, (character) => `&#${character.charCodeAt(0)};`)
}
