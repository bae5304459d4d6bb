import type { DecisionReason } from 'tokentrail'

/** What an error code of AWS says of the credential; a code that is not here is an error of the application. */
export interface CredentialError {
  readonly reason: DecisionReason
  /** False where the key is only named and was not proven. */
  readonly proven: boolean
}

/** `Client.UnauthorizedOperation` and `AccessDeniedException` are looked up as `UnauthorizedOperation` and `AccessDenied`. */
export function credentialError(errorCode: string): CredentialError | undefined {
  const name = errorCode.replace(/^(?:Client|Server)\./, '').replace(/(?:Exception|Fault)$/, '')
  return Object.hasOwn(ERRORS, name) ? ERRORS[name] : undefined
}

const FORBIDDEN = { reason: 'scope_missing', proven: true } as const
const THROTTLED = { reason: 'limit_tenant', proven: true } as const
const UNKNOWN = { reason: 'unknown', proven: false } as const
const WRONG = { reason: 'wrong_secret', proven: false } as const
const MALFORMED = { reason: 'malformed', proven: false } as const
const EXPIRED = { reason: 'expired', proven: true } as const

/** AWS limits by account and region, hence `limit_tenant`. */
const ERRORS: Readonly<Record<string, CredentialError>> = {
  // the key is good, the request is not permitted
  AccessDenied: FORBIDDEN,
  UnauthorizedOperation: FORBIDDEN,
  UnauthorizedAccess: FORBIDDEN,
  Unauthorized: FORBIDDEN,
  NotAuthorized: FORBIDDEN,
  AuthorizationError: FORBIDDEN,
  KMSAccessDenied: FORBIDDEN,
  AllAccessDisabled: FORBIDDEN,
  // too much at once
  Throttling: THROTTLED,
  Throttled: THROTTLED,
  ThrottledClient: THROTTLED,
  RequestThrottled: THROTTLED,
  RequestLimitExceeded: THROTTLED,
  TooManyRequests: THROTTLED,
  SlowDown: THROTTLED,
  PriorRequestNotComplete: THROTTLED,
  BandwidthLimitExceeded: THROTTLED,
  ProvisionedThroughputExceeded: THROTTLED,
  EC2Throttled: THROTTLED,
  // the key is no good
  InvalidClientTokenId: UNKNOWN,
  InvalidAccessKeyId: UNKNOWN,
  UnrecognizedClient: UNKNOWN,
  AuthFailure: UNKNOWN,
  SignatureDoesNotMatch: WRONG,
  InvalidSignature: WRONG,
  IncompleteSignature: MALFORMED,
  MissingAuthenticationToken: MALFORMED,
  InvalidToken: MALFORMED,
  ExpiredToken: EXPIRED,
  TokenRefreshRequired: EXPIRED,
  RequestExpired: { reason: 'condition_failed', proven: true },
  RequestTimeTooSkewed: { reason: 'condition_failed', proven: true },
}
