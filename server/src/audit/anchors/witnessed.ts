import type { Log } from '../../config/log.ts'
import type { Records } from '../../records/records.ts'
import type { WitnessedSize } from '../forks.ts'
import type { Anchor, WitnessAnchor } from './config.ts'
import { latestOf } from './witness-client.ts'

/** Long enough for a witness far away; the start waits for it. */
const TIMEOUT_MS = 3_000

/**
 * Asks every witness, before the log goes on, how far it has seen the open shard. Only what the log's own key has signed counts; a
 * witness that cannot be asked holds up nothing, and it will say so at the next checkpoint.
 */
export async function askWitnesses(o: {
  readonly anchors: readonly Anchor[]
  readonly records: Records
  readonly log: Log
}): Promise<readonly WitnessedSize[]> {
  const shard = (await o.records.read.logShards()).find(({ closedAt }) => closedAt === null)
  if (!shard) return []
  const witnesses = o.anchors.filter((anchor): anchor is WitnessAnchor => anchor.kind === 'witness')
  const seen = await Promise.all(
    witnesses.map(async (witness): Promise<WitnessedSize[]> => {
      try {
        const latest = await latestOf(witness, shard, AbortSignal.timeout(TIMEOUT_MS))
        return latest ? [{ witness: witness.name, origin: shard.origin, size: Number(latest.size) }] : []
      } catch (err) {
        o.log.warn({ err, witness: witness.name }, 'a witness could not be asked at the start')
        return []
      }
    }),
  )
  return seen.flat()
}
