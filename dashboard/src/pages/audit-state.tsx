import type { UseQueryResult } from '@tanstack/react-query'
import type { AuditAnchor, AuditState as State } from '../api/audit.ts'
import { count } from '../format/number.ts'
import { t } from '../format/strings.ts'
import { duration } from '../format/time.ts'
import { Box } from '../parts/box.tsx'
import { CopyBlock } from '../parts/copy.tsx'
import { Stat } from '../parts/stat.tsx'
import { Failed, Loading } from '../parts/states.tsx'
import { useTimeFormat } from '../parts/time-format.tsx'
import styles from './audit.module.css'

/** The newest checkpoint, what waits, who else holds it, and what is wrong. */
export function AuditState({ query }: { readonly query: UseQueryResult<State> }) {
  const { data, error } = query
  if (error && !data) return <Failed error={error} onRetry={() => void query.refetch()} height={160} />
  if (!data) return <Loading height={160} />
  return (
    <>
      <Trouble state={data} />
      <Figures state={data} />
      <div className={styles['halves']}>
        <Anchors anchors={data.anchors} />
        <Identity state={data} />
      </div>
    </>
  )
}

function Trouble({ state: { halted, failure, dropped = 0 } }: { readonly state: State }) {
  const said = [
    halted && `${t.audit.halted} ${halted}`,
    failure && `${t.audit.failure} ${failure}`,
    dropped > 0 && t.audit.dropped(count(dropped)),
  ].filter(Boolean)
  return said.map((text) => (
    <p key={String(text)} className={styles['trouble']} role="alert">
      {text}
    </p>
  ))
}

function Figures({ state }: { readonly state: State }) {
  const { checkpoint, waiting, lagMs = 0, size, publish } = state
  return (
    <dl className={styles['figures']} aria-label={t.audit.state}>
      <Stat name={t.audit.size} value={count(size)} notes={[state.origin]} />
      <Stat
        name={t.audit.newest}
        value={checkpoint ? t.audit.age(duration(Math.max(0, Date.now() - Date.parse(checkpoint.at)))) : t.audit.none}
        notes={[checkpoint && t.audit.signedSize(count(checkpoint.size))]}
      />
      {waiting !== undefined && (
        <Stat
          name={t.audit.waiting}
          value={count(waiting)}
          notes={[waiting > 0 ? t.audit.waitingNote(duration(lagMs)) : t.audit.waitingNone]}
        />
      )}
      <Stat
        name={t.audit.published}
        value={<span className={styles['word']}>{t.audit.publish[publish] ?? publish}</span>}
        notes={[]}
      />
    </dl>
  )
}

function Anchors({ anchors = [] }: { readonly anchors: readonly AuditAnchor[] | undefined }) {
  return (
    <Box title={t.audit.anchors} hint={t.audit.anchorsHint}>
      {anchors.length === 0 ? (
        <p className={styles['quiet']}>{t.audit.noAnchors}</p>
      ) : (
        <ul className={styles['anchors']}>
          {anchors.map((anchor) => (
            <li key={`${anchor.kind} ${anchor.name}`}>
              <b>{anchor.name}</b> <span className={styles['quiet']}>{anchor.kind}</span>
              <span className={styles['anchorState']}>{anchorText(anchor)}</span>
            </li>
          ))}
        </ul>
      )}
    </Box>
  )
}

function anchorText({ at, size, failures, failure }: AuditAnchor): string {
  const reached =
    at === null || size === null
      ? t.audit.anchorNever
      : t.audit.anchorAt(duration(Math.max(0, Date.now() - Date.parse(at))), count(size))
  return failures > 0 ? `${reached}; ${t.audit.anchorFailed(count(failures))}${failure ? `: ${failure}` : ''}` : reached
}

function Identity({ state: { vkey, checkpoint, shards } }: { readonly state: State }) {
  const time = useTimeFormat()
  return (
    <Box title={t.audit.key}>
      <CopyBlock text={vkey} label={t.audit.key} />
      <dl className={styles['facts']}>
        {checkpoint && (
          <div>
            <dt>{t.audit.root}</dt>
            <dd>
              <code>{checkpoint.root}</code>
            </dd>
          </div>
        )}
        {shards.map(({ name, openedAt, closedAt, size }) => (
          <div key={name}>
            <dt>{`${t.audit.shards} ${name}`}</dt>
            <dd>
              {`${time.day(Date.parse(openedAt))} – ${closedAt === null ? t.audit.shardOpen : time.day(Date.parse(closedAt))}, ${count(size)}`}
            </dd>
          </div>
        ))}
      </dl>
    </Box>
  )
}
