import { Link } from '@tanstack/react-router'
import type { ReactNode } from 'react'
import type { TokenWithFamily } from '../api/tokens.ts'
import { count } from '../format/number.ts'
import { t } from '../format/strings.ts'
import { duration, type TimeFormat } from '../format/time.ts'
import { CopyButton } from '../parts/copy.tsx'
import { StateMark } from '../parts/marks.tsx'
import { useTimeFormat } from '../parts/time-format.tsx'
import styles from './token.module.css'

/** What the token is and what it may do. */
export function TokenFacts({ token, className }: { readonly token: TokenWithFamily; readonly className: string | undefined }) {
  const time = useTimeFormat()
  return (
    <section className={`${styles['facts']} ${className}`} aria-label={t.token.facts}>
      <h2>{t.token.facts}</h2>
      <dl>
        {factsOf(token, time).map(([name, value]) => (
          <div key={name}>
            <dt>{name}</dt>
            <dd>{value}</dd>
          </div>
        ))}
        {token.family.length > 1 && (
          <div>
            <dt>{t.token.family}</dt>
            <dd>
              <Family token={token} />
            </dd>
          </div>
        )}
      </dl>
    </section>
  )
}

function factsOf(token: TokenWithFamily, time: TimeFormat): readonly (readonly [string, ReactNode])[] {
  const stamp = (text: string | null) => (text ? time.stamp(Date.parse(text)) : null)
  const ended = [stamp(token.endedAt), token.ending, token.endingReason].filter(Boolean).join(' · ')
  const facts: readonly (readonly [string, ReactNode])[] = [
    [
      t.token.id,
      <span key="id">
        <code>{token.id}</code> <CopyButton text={token.id} name={t.token.id} />
      </span>,
    ],
    [t.columns.kind, t.kind[token.kind]],
    [t.columns.state, <StateMark key="state" of={token.state} />],
    [t.columns.owner, token.owner],
    [t.account.role, token.role],
    [t.token.environment, token.environment],
    [t.columns.issued, stamp(token.issuedAt) ?? `${t.token.knownSince} ${stamp(token.knownSince)}`],
    [t.token.notBefore, stamp(token.notBefore)],
    [t.columns.expires, stamp(token.expiresAt) ?? t.tokens.neverExpires],
    [t.token.ended, ended],
    [t.columns.scopes, token.scopes.length === 0 ? t.token.none : <Words key="scopes" words={token.scopes} />],
    [t.token.addresses, token.cidrs.length === 0 ? t.token.anywhere : <Words key="cidrs" words={token.cidrs} />],
    [t.token.origins, token.origins.length > 0 && <Words key="origins" words={token.origins} />],
    [t.token.methods, token.methods.length > 0 && <Words key="methods" words={token.methods} />],
    [t.token.limit, token.rateLimit && t.token.limitText(count(token.rateLimit.count), duration(token.rateLimit.windowMs))],
    [t.token.usesLeft, token.usesMax !== null && `${count(token.usesLeft ?? 0)} / ${count(token.usesMax)}`],
    [t.token.attemptsUsed, token.attemptsMax !== null && `${count(token.attemptsUsed)} / ${count(token.attemptsMax)}`],
    [t.token.action, token.action],
    [t.token.resource, token.resource],
    [
      t.token.metadata,
      Object.keys(token.metadata).length > 0 && (
        <Words key="metadata" words={Object.entries(token.metadata).map((pair) => pair.join('='))} />
      ),
    ],
    [t.token.generation, token.family.length > 1 && count(token.generation)],
  ]
  return facts.filter(([, value]) => Boolean(value))
}

function Words({ words }: { readonly words: readonly string[] }) {
  return (
    <span className={styles['scopes']}>
      {words.map((word) => (
        <code key={word}>{word}</code>
      ))}
    </span>
  )
}

/** Every generation of the rotation, oldest first. */
function Family({ token }: { readonly token: TokenWithFamily }) {
  return (
    <ol>
      {token.family.map((id, index) => (
        <li key={id}>
          {index + 1}.{' '}
          {id === token.id ? (
            <>
              <code>{id}</code> ({t.token.thisOne})
            </>
          ) : (
            <Link to="/tokens/$id" params={{ id }}>
              <code>{id}</code>
            </Link>
          )}
        </li>
      ))}
    </ol>
  )
}
