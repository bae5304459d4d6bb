import type { FindingDetail, Measured } from '../api/findings.ts'
import { count, quantity, short } from '../format/number.ts'
import { t } from '../format/strings.ts'
import { Box } from '../parts/box.tsx'
import { ExpectedBar } from '../parts/expected-bar.tsx'
import { useTimeFormat } from '../parts/time-format.tsx'
import styles from './finding.module.css'

/** Baseline against what was seen, what contributed, and what would have kept it silent. */
export function WhyBox({ finding }: { readonly finding: FindingDetail }) {
  const { measured, features, unless, caveats, detector, version } = finding
  return (
    <Box title={t.finding.why} hint={[scoreText(measured), `${detector} v${version}`].filter(Boolean).join(' · ')}>
      <Baseline finding={finding} />
      <Lines title={t.finding.features} lines={features} isOrdered />
      <Lines title={t.finding.unless} lines={unless.map((line) => line.replace(/^it would not have fired /i, ''))} />
      <Lines title={t.finding.caveats} lines={caveats.map((name) => t.finding.caveat[name] ?? name)} />
      <Marks finding={finding} />
    </Box>
  )
}

/** Something never seen before has no interval that a picture could show. */
const RARE = 0.01

function Baseline({ finding: { measured, exact } }: { readonly finding: FindingDetail }) {
  const { observed, expected } = measured
  if (!expected) return <p>{exact ? t.finding.observed(quantity(observed)) : t.finding.observedOnly(quantity(observed))}</p>
  if (observed <= 1 && expected.value > 0 && expected.value < RARE) {
    return <p>{t.finding.firstTime(count(Math.round(1 / expected.value)))}</p>
  }
  return <ExpectedBar observed={observed} expected={expected} />
}

/** From here on chance is no explanation that needs a number. */
const NEVER = 12
const TELLING = 3

function scoreText({ score: { value, unit } }: Measured): string | undefined {
  if (unit === 'exact') return undefined
  if (unit === 'bits') return t.finding.bits(quantity(Math.round(value * 10) / 10))
  if (value < TELLING) return undefined
  return value < NEVER ? t.finding.oneIn(short(Math.round(10 ** value))) : t.finding.never
}

function Lines({
  title,
  lines,
  isOrdered = false,
}: {
  readonly title: string
  readonly lines: readonly string[]
  readonly isOrdered?: boolean
}) {
  if (lines.length === 0) return null
  const List = isOrdered ? 'ol' : 'ul'
  return (
    <>
      <h3 className={styles['small']}>{title}</h3>
      <List className={styles['lines']}>
        {lines.map((line) => (
          <li key={line}>{line}</li>
        ))}
      </List>
    </>
  )
}

/** Deploys, campaigns and the like that stand near it. */
function Marks({ finding: { marks } }: { readonly finding: FindingDetail }) {
  const time = useTimeFormat()
  return (
    <Lines
      title={t.finding.marks}
      lines={marks.map(
        ({ kind, name, service, from, to }) =>
          `${kind}: ${[name, service].filter(Boolean).join(', ')}, ${time.short(Date.parse(from))} – ${time.short(Date.parse(to))}`,
      )}
    />
  )
}
