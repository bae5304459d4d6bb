import { globSync, readFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { expect, test } from 'vitest'

/** What is said to people: documents, the dashboard, reports and packs, the command line, errors, and the code that makes them. */
const SAID = [
  '*.md',
  'docs/**/*.md',
  '{client,server,dashboard}/src/**/*.{ts,tsx,html,css}',
  '{client,server,dashboard}/{README.md,index.html}',
  'dashboard/verify/**/*.{ts,html}',
  '{deploy,examples,scripts}/**/*.{md,ts,mjs,js,yaml,yml,json,html,go,py}',
]

/** Words that claim what nobody can show, and what is said instead. */
const NEVER: readonly { readonly word: RegExp; readonly say: string }[] = [
  { word: /\banonym(?:ous|ously|ity|i[sz]ed?|i[sz]ing|i[sz]ation)\b/i, say: 'pseudonymised, still personal data' },
  { word: /\bdifferential(?:ly)?[ -]priva/i, say: 'small groups suppressed, counts rounded' },
  { word: /\btamper-?proof/i, say: 'tamper-evident against this checkpoint, seen by these witnesses' },
  { word: /\bimmutabl/i, say: 'tamper-evident against this checkpoint' },
  {
    word: /\b(?:log|trail|record|history|report|pack)s? (?:is|are) (?:always )?complete\b/i,
    say: 'complete to x % of what was received, gaps listed',
  },
  {
    word: /\b(?:deleted|erased|removed|gone) everywhere\b/i,
    say: 'erased here on …, dead in backups from …, copies handed out to …',
  },
  { word: /\bnon-?repudia/i, say: 'done with this token, the person is not proven' },
  { word: /\bcomplian(?:t|ce)\b|\bcertified\b/i, say: 'evidence for control X, these parts not shown' },
]

/** Where such a word is no claim: a header of HTTP, a sentence that denies, the name of somebody else's thing. */
const DENIED: readonly { readonly file: RegExp; readonly sentence: RegExp }[] = [
  { file: /^server\/src\/http\/(?:pages|routes\/log-files)\.ts$/, sentence: /max-age=31536000, immutable/ },
  // who has not signed in: the name of a limit
  { file: /^server\/src\/(?:http\/gate|access\/limits)\.ts$/, sentence: /'anonymous'/ },
  { file: /^docs\/privacy\.md$/, sentence: /^Not claimed: / },
  { file: /^docs\/small-groups\.md$/, sentence: /^This is suppression and rounding\. It is not / },
]

const ROOT = fileURLToPath(new URL('..', import.meta.url))

function claims(): string[] {
  const files = globSync(SAID, { cwd: ROOT, exclude: (name) => /(?:^|\/)(?:node_modules|dist)(?:\/|$)/.test(name) })
  return files.flatMap((file) => claimsIn(file, readFileSync(`${ROOT}${file}`, 'utf8')))
}

function claimsIn(file: string, text: string): string[] {
  const allowed = DENIED.filter((denied) => denied.file.test(file))
  return text.split('\n').flatMap((line, i) => {
    if (allowed.some(({ sentence }) => sentence.test(line))) return []
    const said = /\.tsx?$/.test(file) ? wordsOf(line) : line
    return NEVER.filter(({ word }) => word.test(said)).map(({ word, say }) => `${file}:${i + 1} ${word.exec(said)?.[0]} → ${say}`)
  })
}

/** What a line of code says to people: its texts and comments, not the names of its variables. */
function wordsOf(line: string): string {
  const texts = line.match(/(['"`])(?:\\.|(?!\1).)*\1|(?:\/\/|\/\*\*?|^\s*\*).*|>[^<>{}=]+</g) ?? []
  return /^[\s\w.,:;–—-]+$/.test(line) ? line : texts.join(' ')
}

test('nothing is claimed that cannot be shown', () => {
  expect(claims()).toEqual([])
})

test.each([
  'All data is anonymised.',
  'Counts are differentially private.',
  'A tamper-proof log',
  'immutable history',
  'The log is complete',
  'It was deleted everywhere.',
  'gives non-repudiation',
  'You are compliant',
  'certified by us',
])('such a sentence would be found: %s', (sentence) => {
  expect(claimsIn('docs/x.md', sentence)).toHaveLength(1)
})

test('a sentence that denies is allowed in its place only', () => {
  const sentence = 'Not claimed: that data is anonymous.'
  expect(claimsIn('docs/privacy.md', sentence)).toEqual([])
  expect(claimsIn('docs/verify.md', sentence)).toHaveLength(1)
})
