import { Link } from '@tanstack/react-router'
import type { ReactNode } from 'react'
import type { FindingDetail } from '../api/findings.ts'
import { count } from '../format/number.ts'
import { t } from '../format/strings.ts'
import { ago, duration, type TimeFormat } from '../format/time.ts'
import { Box } from '../parts/box.tsx'
import { useTimeFormat } from '../parts/time-format.tsx'
import styles from './finding.module.css'
import { TokenName } from './token-name.tsx'

/** What to do next, and by what name others know this. */
export function NextBox({ finding: { suggests, techniques, life } }: { readonly finding: FindingDetail }) {
  return (
    <Box title={t.finding.suggests}>
      <ol className={styles['lines']}>
        {suggests.map((step) => (
          <li key={step}>{t.finding.step[step] ?? step}</li>
        ))}
      </ol>
      {life && life.token.state !== 'purged' && (
        <p className={styles['after']}>
          <Link to="/tokens/$id" params={{ id: life.token.id }}>
            {t.finding.openToken}
          </Link>
        </p>
      )}
      {techniques.length > 0 && <h3 className={styles['small']}>{t.finding.techniques}</h3>}
      <ul className={styles['techniques']}>
        {techniques.map((id) => (
          <li key={id}>
            <a href={techniqueAddress(id)} target="_blank" rel="noreferrer" title={t.finding.techniqueHint}>
              {id}
            </a>{' '}
            {t.technique[id]}
          </li>
        ))}
      </ul>
    </Box>
  )
}

/** `T1550.001` as its page; nothing is asked of that site until the reader follows the link. */
function techniqueAddress(id: string): string {
  return `https://attack.mitre.org/techniques/${encodeURIComponent(id).replace('.', '/')}/`
}

/** The life of the token that it is about. */
export function LifeBox({ life }: { readonly life: NonNullable<FindingDetail['life']> }) {
  const time = useTimeFormat()
  return (
    <Box title={t.finding.life}>
      <Facts facts={factsOf(life, time)} />
    </Box>
  )
}

export function Facts({ facts }: { readonly facts: readonly (readonly [string, ReactNode])[] }) {
  return (
    <dl className={styles['facts']}>
      {facts
        .filter(([, value]) => Boolean(value))
        .map(([name, value]) => (
          <div key={name}>
            <dt>{name}</dt>
            <dd>{value}</dd>
          </div>
        ))}
    </dl>
  )
}

function factsOf(life: NonNullable<FindingDetail['life']>, time: TimeFormat): readonly (readonly [string, ReactNode])[] {
  const { token, issuedAt, ageMs, expiresAt, endedAt, rotations, scopes, lastUsedAt, acceptedIn30d, lastUseKnown } = life
  const stamp = (text: string | null) => text && time.stamp(Date.parse(text))
  const used = lastUsedAt ? ago(Date.parse(lastUsedAt), Math.max(Date.now(), Date.parse(lastUsedAt))) : t.tokens.never
  return [
    [t.columns.name, <TokenName key="name" token={token} />],
    [t.columns.state, token.state === 'purged' ? t.state.purged : t.state[token.state]],
    [t.columns.owner, token.owner],
    [t.columns.issued, stamp(issuedAt)],
    [t.finding.age, ageMs !== null && duration(ageMs)],
    [t.columns.expires, stamp(expiresAt) ?? t.tokens.neverExpires],
    [t.token.ended, stamp(endedAt)],
    [t.finding.rotations, count(rotations)],
    [t.finding.lastUsed, lastUseKnown ? used : t.finding.unknown],
    [t.finding.uses30d, acceptedIn30d === null ? t.finding.unknown : count(acceptedIn30d)],
    [t.columns.scopes, scopes.length === 0 ? t.token.none : <code key="scopes">{scopes.join(' ')}</code>],
  ]
}
