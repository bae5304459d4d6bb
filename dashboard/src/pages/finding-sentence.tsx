import { Link } from '@tanstack/react-router'
import type { ReactNode } from 'react'
import type { SentencePart } from '../api/findings.ts'

/** The sentence of a finding; its tokens, networks and events lead to what is known of them. */
export function Sentence({ parts }: { readonly parts: readonly SentencePart[] }) {
  return parts.map((part, index) => <Part key={index} part={index === 0 ? capital(part) : part} />)
}

function Part({ part: { text, as, ref } }: { readonly part: SentencePart }): ReactNode {
  if (as === undefined) return text
  if (as === 'token' && ref !== undefined) {
    return (
      <Link to="/tokens/$id" params={{ id: ref }}>
        {text}
      </Link>
    )
  }
  if (as === 'event' && ref !== undefined) {
    return (
      <Link to="/events" search={(search) => ({ ...search, event: ref })}>
        {text}
      </Link>
    )
  }
  const network = as === 'network' ? /([0-9a-f]{16})$/i.exec(text)?.[1] : undefined
  if (network === undefined) return <b>{text}</b>
  return (
    <Link to="/events" search={(search) => ({ ...search, network })}>
      {text}
    </Link>
  )
}

function capital(part: SentencePart): SentencePart {
  return { ...part, text: part.text.charAt(0).toUpperCase() + part.text.slice(1) }
}
