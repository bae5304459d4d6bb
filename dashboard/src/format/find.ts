import { queryText } from '../api/http.ts'
import { t } from './strings.ts'

/** A place that a typed text may lead to. */
export interface Destination {
  readonly name: string
  readonly href: string
}

const SCREENS: readonly Destination[] = [
  { name: t.nav.overview, href: '/' },
  { name: t.nav.findings, href: '/findings' },
  { name: t.nav.tokens, href: '/tokens' },
  { name: t.nav.events, href: '/events' },
  { name: t.nav.audit, href: '/audit' },
  { name: t.nav.reports, href: '/reports' },
  { name: t.nav.settings, href: '/settings' },
]

/** `<prefix>_<public id>_<secret>`; what is cut off or mistyped is cut to its id all the same. */
const TOKEN_TEXT = /^[A-Za-z][0-9A-Za-z_]{0,31}_([0-9A-Za-z]{16})_[0-9A-Za-z]+$/
/** Longer texts without a space may be somebody's secret. */
const PLAIN_MAX = 40

/** What of a text may be sent, kept or shown in an address: of a token its public id, of what may be a secret nothing. */
export function withoutSecret(text: string): string {
  const trimmed = text.trim()
  const id = TOKEN_TEXT.exec(trimmed)?.[1]
  if (id !== undefined) return id
  return trimmed.length > PLAIN_MAX && !/\s/.test(trimmed) ? '' : trimmed
}

/** Ids by their shape, most telling first. */
const SHAPES: readonly (readonly [RegExp, (text: string) => Destination])[] = [
  [/^fnd_[0-9a-f]{1,40}$/, (id) => ({ name: t.find.finding(id), href: `/findings/${id}` })],
  [/^evt_\w{1,60}$/, (id) => ({ name: t.find.event(id), href: `/events${queryText({ event: id })}` })],
  [/^[0-9A-Za-z]{16}$/, (id) => ({ name: t.find.token(id), href: `/tokens/${id}` })],
  [/^[0-9a-f]{16}$/, (network) => ({ name: t.find.network(network), href: `/events${queryText({ network })}` })],
]

/** Where a text may lead, most likely first: a screen by its name, an id by its shape, tokens by name or owner, events by request. */
export function destinationsOf(text: string): readonly Destination[] {
  const word = withoutSecret(text)
  if (word === '') return text.trim() === '' ? SCREENS : []
  const screens = SCREENS.filter(({ name }) => name.toLowerCase().startsWith(word.toLowerCase()))
  const byShape = SHAPES.flatMap(([shape, make]) => (shape.test(word) ? [make(word)] : []))
  return [
    ...screens,
    ...byShape,
    { name: t.find.tokens(word), href: `/tokens${queryText({ search: word })}` },
    { name: t.find.request(word), href: `/events${queryText({ requestId: word })}` },
  ]
}
