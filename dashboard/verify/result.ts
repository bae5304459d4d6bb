import { CHECKS, WHAT_IS_NOT_PROVEN, type CheckName, type Outcome, type PackManifest } from 'tokentrail/verify'
import type { Judged } from './judge.ts'
import { byId, element } from './page.ts'

const STATES = {
  holds: { word: 'Holds', mark: 'M4 12.5l5 5L20 6.5' },
  fails: { word: 'Fails', mark: 'M6 6l12 12M18 6L6 18' },
  'cannot say': { word: 'Cannot be said', mark: 'M9 9a3 3 0 1 1 4.5 2.6c-.9.6-1.5 1.2-1.5 2.4M12 17.6v.4' },
} as const

/** What each check proves when it holds, and what it leaves open. */
const MEANS: Readonly<Record<CheckName, string>> = {
  trust: 'That the log is one whose key you know. Not that its operator is honest.',
  manifest: 'That no file was changed, added or taken away since the report was signed. Not that the report is fair.',
  checkpoint:
    'That the log said this of itself at these sizes, and that witnesses saw the same. Not what happened in between them, were it never recorded.',
  inclusion: 'That every entry stood in the log when it was signed, unchanged and at its place.',
  form: 'That every program reads the entries in the same way.',
  completeness: 'That no entry in between is missing. Not that everything that happened was recorded.',
  disclosure: 'That the values shown are those recorded at the time. Not why the others are left out.',
  figures:
    'That the counted figures follow from entries and rows that are here, that printed tables of events are entries, and that every print of a table says the same. Not what rests on other data; it is named.',
}

/** Says that it is at work. */
export function showProgress(entries: number): void {
  const said = entries === 0 ? 'Reading the pack …' : `Reading the pack … ${entries.toLocaleString('en-US')} entries`
  replace(element('p', 'working', said))
}

/** Says that this page failed, which is no answer about the pack. */
export function showFault(error: unknown): void {
  const message = error instanceof Error ? error.message : String(error)
  replace(element('p', 'panel wrong', `This page could not finish, so it says nothing about the pack: ${message}`))
}

/** One line per check, in words. */
export function showJudged({ outcomes, isGood, manifest }: Judged): void {
  const failed = outcomes.filter(({ state }) => state === 'fails').length
  const isTrusted = outcomes.some(({ check, state }) => check === 'trust' && state === 'holds')
  const verdict = element(
    'h2',
    'verdict',
    icon(isGood ? 'holds' : failed > 0 ? 'fails' : 'cannot say'),
    words(isGood, failed, isTrusted),
  )
  verdict.id = 'verdict'
  verdict.dataset['good'] = isGood ? 'yes' : failed > 0 ? 'no' : 'open'
  const list = element('ol', 'checks', ...outcomes.map(lineOf))
  replace(verdict, manifest ? about(manifest) : undefined, list, element('p', 'limits', WHAT_IS_NOT_PROVEN))
}

function words(isGood: boolean, failed: number, isTrusted: boolean): string {
  if (isGood) return 'It holds. Read below what that means.'
  if (failed > 0) return 'Refused. Do not rely on this pack.'
  return isTrusted
    ? 'It cannot be relied on: what matters cannot be said.'
    : 'It agrees with itself, but nobody whom you trust vouches for it.'
}

function about(manifest: PackManifest): HTMLElement {
  const facts: readonly (readonly [string, string])[] = [
    ['Report', manifest.report.title],
    ['Period', `${manifest.from} to ${manifest.to}`],
    ['Tenant', manifest.tenant],
    ['Made for', manifest.recipient],
    ['To be kept until', manifest.expiresAt],
    ['Left out', manifest.redaction],
    ['Separation of duties', manifest.separation],
  ]
  return element(
    'dl',
    'facts',
    ...facts.map(([name, value]) => element('div', '', element('dt', '', name), element('dd', '', value))),
  )
}

function lineOf(outcome: Outcome): HTMLElement {
  const { check, state, says, notes, first } = outcome
  const place = [
    first?.file === undefined ? '' : `file ${first.file}`,
    first?.index === undefined ? '' : `entry ${first.index.toLocaleString('en-US')}`,
  ]
  const where = place.filter(Boolean).join(', ')
  const line = element(
    'li',
    'check',
    icon(state),
    element(
      'div',
      'told',
      element('h3', '', CHECKS[check], ' ', element('span', 'word', STATES[state].word)),
      element('p', 'says', says),
      where === '' ? undefined : element('p', 'where', `First wrong: ${where}`),
      ...notes.map((note) => element('p', isKeyLine(note) ? 'note key' : 'note', note)),
      state === 'holds' ? element('p', 'means', MEANS[check]) : undefined,
    ),
  )
  line.dataset['check'] = check
  line.dataset['state'] = state
  return line
}

/** Keys are to be compared by eye, so they are large. */
function isKeyLine(note: string): boolean {
  return note.startsWith('Fingerprint: ')
}

function icon(state: Outcome['state']): SVGElement {
  const svg = document.createElementNS('http://www.w3.org/2000/svg', 'svg')
  svg.setAttribute('viewBox', '0 0 24 24')
  svg.setAttribute('aria-hidden', 'true')
  svg.setAttribute('class', `icon ${state.replace(' ', '-')}`)
  const path = document.createElementNS('http://www.w3.org/2000/svg', 'path')
  path.setAttribute('d', STATES[state].mark)
  svg.append(path)
  return svg
}

function replace(...children: readonly (HTMLElement | undefined)[]): void {
  byId('result', HTMLElement).replaceChildren(...children.filter((child) => child !== undefined))
}
