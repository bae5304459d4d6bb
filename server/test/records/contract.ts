import { afterAll, beforeAll, describe } from 'vitest'
import type { Records } from '../../src/records/records.ts'
import { describeAnchors } from './contract-anchors.ts'
import { describeBatches } from './contract-batches.ts'
import { describeAudit } from './contract-audit.ts'
import { describeAccess } from './contract-access.ts'
import { describeEndings } from './contract-endings.ts'
import { describeEvidence } from './contract-evidence.ts'
import { describeFindings } from './contract-findings.ts'
import { describeHistories } from './contract-history.ts'
import { describeHolds } from './contract-holds.ts'
import { describeHouse } from './contract-house.ts'
import { describeImports } from './contract-imports.ts'
import { describeLists } from './contract-lists.ts'
import { describeOutbox } from './contract-outbox.ts'
import { describeResponses } from './contract-responses.ts'
import { describeSubjects } from './contract-subjects.ts'
import { describeSpending } from './contract-spending.ts'
import { describeTokens } from './contract-tokens.ts'

/** What a part of the contract needs: records that are open while its tests run. */
export type Open = () => Records

/** What both databases promise. */
export function describeRecords(name: string, open: () => Promise<Records>): void {
  describe(`records on ${name}`, () => {
    let records: Records
    beforeAll(async () => {
      records = await open()
    })
    afterAll(() => records.close())
    const opened = () => records
    describeTokens(opened)
    describeSpending(opened)
    describeEndings(opened)
    describeImports(opened)
    describeLists(opened)
    describeOutbox(opened)
    describeHistories(opened)
    describeHouse(opened)
    describeHolds(opened)
    describeEvidence(opened)
    describeFindings(opened)
    describeResponses(opened)
    describeAccess(opened)
    describeAudit(opened)
    describeAnchors(opened)
    describeSubjects(opened)
    describeBatches(opened)
  })
}
