import { startCanaryTests, type CanaryTestParts } from '../detect/canary-test.ts'
import type { Found } from '../detect/finding.ts'
import { createRuleDesk } from '../detect/rules/rule-desk.ts'
import { shareDetecting } from '../detect/shared/shared-watch.ts'
import { startDetecting, type Watch } from '../detect/watch.ts'
import type { Base } from './base.ts'
import type { Desks } from './desks.ts'
import type { Tokens } from './tokens.ts'
import type { Trail } from './trail.ts'

/**
 * Starts detection over the journal, or with several servers on one database over all of their journals: what it finds goes to the desk,
 * and what may follow from it is considered.
 */
export async function openDetection(all: Base & Trail & Tokens & Desks): Promise<Watch> {
  const { parts, folder, journal, desk, responder, leaks, subjects, evidence, isDemo } = all
  const keep = async (found: readonly Found[]): Promise<void> => {
    await desk.take(found)
    await responder.consider(found)
  }
  const begun: { watch?: Watch } = {}
  const isLeading = (): boolean => begun.watch?.state().isLeading ?? false
  const canaryTests = parts.add(startCanaryTests({ ...canariesOf(all), isLeading, onFailed: (each) => keep([each]) }))
  const onFound = async (found: readonly Found[]): Promise<void> => keep(await canaryTests.hear(found))
  const rules = createRuleDesk(all).assignments
  const files = { journalFile: folder.journal, checkpointFile: folder.detection }
  const watching = { journal, records: all.records, clock: all.clock, log: all.log, rules, onFound, ...files }
  const url = isDemo ? undefined : all.config.recordsUrl
  const watch = parts.add(
    url === undefined ? await startDetecting({ ...watching, history: isDemo }) : await shareDetecting({ ...watching, url }),
  )
  begun.watch = watch
  leaks.onExposed(watch.exposed)
  await subjects.erasure.start(async (subject) => {
    await watch.forget(subject)
    await evidence.forget(subject.tenantNo)
  })
  return watch
}

const CANARY_OWNER = 'tokentrail-self-test'
const SCHEDULE = { no: 0, kind: 'schedule' } as const

/** A canary that is made to be presented once, at the door that everybody uses, and ends. */
function canariesOf(all: Base & Tokens): Omit<CanaryTestParts, 'isLeading' | 'onFailed'> {
  const { records, clock, log, issuer, door } = all
  return {
    records,
    clock,
    log,
    async make(tenantNo) {
      const input = { owner: CANARY_OWNER, name: 'monthly test of canaries', canary: true }
      const { record, token } = await issuer.issue({ tenantNo, actor: SCHEDULE, input })
      return { no: record.no, id: record.id, text: token }
    },
    present: async (tenantNo, token) => (await door.validate({ tenantNo, token, service: CANARY_OWNER })).reason,
    end: (tenantNo, id) => issuer.revoke({ tenantNo, id, actor: SCHEDULE }),
  }
}
