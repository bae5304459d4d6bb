import type { RecordActions } from '../records.ts'
import type { Action } from '../transaction.ts'
import { keepCosigned, markAnchor } from './anchors.ts'
import { appendToLog, fixCheckpoint, haltLog, keepNote, nameInstall, offerToLog, openShard } from './audit.ts'
import { recoverLog } from './audit-recovery.ts'
import { decideApproval, requestApproval } from './approvals.ts'
import { addBatches, keepLeaves } from './batches.ts'
import { changeToken, noteObserved, resumeToken, revokeToken, rotateToken, suspendToken } from './change.ts'
import { proveFactor, removeFactor, rewrapFactors, startFactor } from './factors.ts'
import { grantRole, lapseGrants, removeRole, reviewBreakGlass } from './grants.ts'
import { setSeparation } from './set-separation.ts'
import { endListedSession, stepUpSession } from './sessions.ts'
import { dropPacks, failPack, finishPack, lapsePacks, notePack, requestPack, signReview } from './evidence.ts'
import { enterDenial } from './denials.ts'
import { keepFindings } from './findings.ts'
import { triageFinding } from './findings-triage.ts'
import {
  createSession,
  destroyKeys,
  endSession,
  forgetOutbox,
  leaseWriter,
  noteCritical,
  putImport,
  putKey,
  putSetting,
} from './house.ts'
import { importTokens, issueToken, observeTokens } from './issue.ts'
import { endHolds, noteRetention, releaseHold, setHold } from './holds.ts'
import { putMark } from './marks.ts'
import { putOwner } from './owners.ts'
import { judgeLeak, reportLeak } from './leaks.ts'
import { approveResponse, declineResponse, proposeResponse } from './responses.ts'
import { applyResponse, failResponse, undoResponse } from './response-steps.ts'
import { dropExpiredSealed, dropSealed, noteReveal, rewrapKeys } from './reveals.ts'
import { changeRetention } from './retention-change.ts'
import { putRule } from './rules.ts'
import { attemptToken, consumeToken, noteSent, rekeyToken, useToken } from './spend.ts'
import { approveSuppression, endSuppression, suppressFinding } from './suppressions.ts'
import { beginErasure, finishErasure, noteAccess, refuseErasure, releaseKept, restrictSubject } from './subjects.ts'
import { sweep } from './sweep.ts'
import { addTenant } from './tenants.ts'

/** Every action by its name. */
export const ACTIONS: { readonly [Name in keyof RecordActions]: Action<Name> } = {
  addTenant,
  putOwner,
  issueToken,
  importTokens,
  observeTokens,
  noteObserved,
  changeToken,
  rotateToken,
  revokeToken,
  suspendToken,
  resumeToken,
  consumeToken,
  useToken,
  attemptToken,
  noteSent,
  rekeyToken,
  sweep,
  noteCritical,
  createSession,
  endSession,
  leaseWriter,
  putKey,
  destroyKeys,
  putSetting,
  putImport,
  putRule,
  forgetOutbox,
  keepFindings,
  triageFinding,
  suppressFinding,
  approveSuppression,
  endSuppression,
  putMark,
  proposeResponse,
  approveResponse,
  declineResponse,
  applyResponse,
  failResponse,
  undoResponse,
  reportLeak,
  judgeLeak,
  requestApproval,
  decideApproval,
  grantRole,
  removeRole,
  lapseGrants,
  reviewBreakGlass,
  setSeparation,
  startFactor,
  proveFactor,
  removeFactor,
  rewrapFactors,
  stepUpSession,
  endListedSession,
  keepCosigned,
  markAnchor,
  addBatches,
  keepLeaves,
  enterDenial,
  offerToLog,
  openShard,
  appendToLog,
  fixCheckpoint,
  keepNote,
  haltLog,
  recoverLog,
  nameInstall,
  beginErasure,
  finishErasure,
  releaseKept,
  refuseErasure,
  restrictSubject,
  noteAccess,
  noteReveal,
  dropSealed,
  dropExpiredSealed,
  rewrapKeys,
  setHold,
  releaseHold,
  endHolds,
  changeRetention,
  noteRetention,
  requestPack,
  notePack,
  finishPack,
  failPack,
  lapsePacks,
  dropPacks,
  signReview,
}
