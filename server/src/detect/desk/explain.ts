import type { Fact, Facts, Found } from '../finding.ts'
import { describedOf } from './described.ts'
import { createFactFormat, type FactFormat, type Names, printable } from './facts.ts'

/** A piece of a sentence: plain text, or a fact with what it is, so that a page can link it. */
export interface SentencePart {
  readonly text: string
  /** Name of the fact. */
  readonly fact?: string
  readonly as?: Fact['as']
  /** Where the fact leads: public id of a token, id of an owner or event, name of a network. */
  readonly ref?: string
}

/** What happened, in one sentence. */
export interface Explanation {
  readonly sentence: string
  readonly parts: readonly SentencePart[]
}

/** Fills the catalogue's sentence with the facts of a finding, named and formed for the reader. */
export function explain(
  finding: Pick<Found, 'detector' | 'facts' | 'rule'>,
  names: Names,
  options: { readonly zone?: string; readonly format?: FactFormat } = {},
): Explanation {
  const format = options.format ?? createFactFormat(names, options.zone ?? 'UTC')
  const pieces = describedOf(finding).sentence.split(/\{(\w+)\}/)
  const parts = pieces.flatMap((piece, i): SentencePart[] => {
    if (i % 2 === 0) return piece === '' ? [] : [{ text: printable(piece) }]
    return [factPart(piece, finding.facts, names, format)]
  })
  const sentence = parts.map(({ text }) => text).join('')
  return { sentence: sentence.charAt(0).toUpperCase() + sentence.slice(1), parts }
}

function factPart(name: string, facts: Facts, names: Names, format: FactFormat): SentencePart {
  const fact = Object.hasOwn(facts, name) ? facts[name] : undefined
  if (!fact) return { text: 'something unknown', fact: name }
  const ref = refOf(fact, names)
  return { text: format(fact), fact: name, as: fact.as, ...(ref === undefined ? {} : { ref }) }
}

function refOf(fact: Fact, names: Names): string | undefined {
  if (fact.as === 'token') return names.token(fact.value)?.id
  if (fact.as === 'owner') return names.owner(fact.value)
  return fact.as === 'event' || fact.as === 'network' ? fact.value : undefined
}
