import type { Found } from '../detect/finding.ts'
import { createRuleDesk } from '../detect/rules/rule-desk.ts'
import { shareDetecting } from '../detect/shared/shared-watch.ts'
import { startDetecting, type Watch } from '../detect/watch.ts'
import type { Base } from './base.ts'
import type { Desks } from './desks.ts'
import type { Tokens } from './tokens.ts'
import type { Trail } from './trail.ts'

/** Starts detection over the journal, or with several servers on one database over all of their journals: what it finds goes to the desk, and what may follow from it is considered. */
export async function openDetection(all: Base & Trail & Tokens & Desks): Promise<Watch> {
  const { parts, folder, journal, desk, responder, leaks, subjects, evidence, isDemo } = all
  const onFound = async (found: readonly Found[]): Promise<void> => {
    await desk.take(found)
    await responder.consider(found)
  }
  const rules = createRuleDesk(all).assignments
  const files = { journalFile: folder.journal, checkpointFile: folder.detection }
  const watching = { journal, records: all.records, clock: all.clock, log: all.log, rules, onFound, ...files }
  const url = isDemo ? undefined : all.config.recordsUrl
  const watch = parts.add(
    url === undefined ? await startDetecting({ ...watching, history: isDemo }) : await shareDetecting({ ...watching, url }),
  )
  leaks.onExposed(watch.exposed)
  await subjects.erasure.start(async (subject) => {
    await watch.forget(subject)
    await evidence.forget(subject.tenantNo)
  })
  return watch
}
