import { useQuery } from '@tanstack/react-query'
import { isAsked } from '../api/approvals.ts'
import { makePack, type Pack, packAddress, readPackKinds, readPacks, signReview } from '../api/evidence.ts'
import { percent, short } from '../format/number.ts'
import { t } from '../format/strings.ts'
import { AskDialog, filled } from '../parts/ask-dialog.tsx'
import { useTimeFormat } from '../parts/time-format.tsx'
import styles from './audit.module.css'
import { ListBox } from './list-box.tsx'
import { usePageWindow } from './window.tsx'

const EVERY_MS = 3_000
const LEVELS = ['aggregate', 'pseudonymous', 'identified'] as const
/** Packs that are read and signed, with the kind of review they stand for. */
const REVIEWED: Readonly<Record<string, 'daily' | 'access'>> = { 'daily-review': 'daily', 'access-review': 'access' }

/** Evidence for others: what was made, and a way to make more. */
export function AuditPacks() {
  const time = useTimeFormat()
  const query = useQuery({
    queryKey: ['packs'],
    queryFn: ({ signal }) => readPacks(signal),
    refetchInterval: ({ state }) => (state.data?.some((pack) => pack.state === 'making') ? EVERY_MS : false),
  })
  const columns = t.audit.packColumns
  const day = (text: string): string => time.day(Date.parse(text))
  return (
    <ListBox
      title={t.audit.packs}
      hint={t.audit.packsHint}
      query={query}
      empty={t.audit.noPacks}
      actions={
        <span className={styles['get']}>
          <a href="/verify.html">{t.audit.verifyPack}</a>
          <MakeDialog />
        </span>
      }
      keyOf={({ id }) => id}
      columns={[
        { name: columns.asked, cell: ({ requestedAt }) => time.short(Date.parse(requestedAt)) },
        { name: columns.pack, cell: ({ pack, level }) => `${pack}, ${level}` },
        { name: columns.window, cell: ({ from, to }) => `${day(from)} – ${day(to)}` },
        { name: columns.for, cell: ({ recipient }) => recipient },
        { name: columns.state, cell: stateOf },
        { name: columns.get, cell: (pack) => <Get pack={pack} /> },
      ]}
    />
  )
}

function stateOf({ state, progress, failure, bytes }: Pack): string {
  const word = t.audit.packState[state] ?? state
  if (state === 'making' && progress !== null) return `${word}, ${percent(progress)}`
  return [word, failure, state === 'ready' && bytes !== null && `${short(bytes)} B`].filter(Boolean).join(', ')
}

function Get({ pack }: { readonly pack: Pack }) {
  const kind = REVIEWED[pack.pack]
  if (pack.state !== 'ready') return null
  return (
    <span className={styles['get']}>
      <a href={packAddress(pack.id)} download>
        {t.audit.download}
      </a>
      {kind && (
        <AskDialog
          title={t.audit.sign}
          text={t.audit.signText}
          fields={[
            { name: 'open', label: t.audit.signOpen, kind: 'line', value: '0' },
            { name: 'note', label: t.audit.signNote, kind: 'text', isOptional: true },
          ]}
          run={({ open = '', note = '' }) =>
            signReview({ kind, pack: pack.id, open: Number(open), ...(note === '' ? {} : { note }) })
          }
          said={() => t.audit.signed}
          refresh={['packs']}
        />
      )}
    </span>
  )
}

function MakeDialog() {
  const { window } = usePageWindow()
  const kinds = useQuery({ queryKey: ['pack-kinds'], queryFn: ({ signal }) => readPackKinds(signal), staleTime: Infinity })
  if (!kinds.data) return null
  return (
    <AskDialog
      title={t.audit.make}
      text={t.audit.makeText}
      fields={[
        {
          name: 'pack',
          label: t.audit.kind,
          kind: 'choice',
          choices: kinds.data.map(({ name, title }) => ({ key: name, text: title })),
        },
        {
          name: 'level',
          label: t.audit.level,
          kind: 'choice',
          choices: LEVELS.map((key) => ({ key, text: t.audit.levels[key] })),
        },
        { name: 'recipient', label: t.audit.recipient, kind: 'line' },
        { name: 'ground', label: t.settings.ground, kind: 'text', isOptional: true },
        { name: 'approval', label: t.settings.approval, kind: 'line', isOptional: true },
      ]}
      run={(answers) =>
        makePack({
          ...filled(answers),
          from: new Date(window.from).toISOString(),
          to: new Date(window.to).toISOString(),
        })
      }
      said={(done) => (isAsked(done) ? t.settings.asked : t.audit.asked)}
      refresh={['packs']}
    />
  )
}
