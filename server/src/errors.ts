/**
 * Every error the server can answer with. The code is the contract; wording may improve.
 * `status` is the HTTP status (RFC 9110), `title` the problem's title (RFC 9457).
 */
export const ERRORS = {
  // the request
  body_invalid: { status: 400, title: 'The body does not have the expected shape' },
  body_malformed: { status: 400, title: 'The body is not well-formed JSON' },
  body_too_large: { status: 413, title: 'The body is larger than the bound' },
  parameter_invalid: { status: 400, title: 'A parameter has a value that is not accepted' },
  field_unknown: { status: 400, title: 'The body has a field that is not known here' },
  time_invalid: { status: 400, title: 'A time is not RFC 3339 or milliseconds, or the window is empty' },
  cidr_invalid: { status: 400, title: 'An address range is not CIDR notation' },
  scope_invalid: { status: 400, title: 'A scope is not a scope-token of RFC 6749' },
  hash_invalid: { status: 400, title: 'A hash or its scheme is not accepted' },
  media_type_unsupported: { status: 415, title: 'The content type is not accepted here' },
  not_found: { status: 404, title: 'There is no such thing here' },
  method_not_allowed: { status: 405, title: 'The method is not allowed here' },
  cursor_invalid: { status: 400, title: 'The cursor does not belong to this list' },
  too_many_items: { status: 400, title: 'More items than one request may hold' },
  idempotency_conflict: { status: 409, title: 'The same idempotency key came with another body' },
  credential_twice: { status: 400, title: 'Two credentials in one request' },
  // who asks
  not_authenticated: { status: 401, title: 'A valid credential is needed' },
  not_permitted: { status: 403, title: 'The role does not permit this' },
  csrf_refused: { status: 403, title: 'The request does not come from the dashboard itself' },
  rate_limited: { status: 429, title: 'Too many requests' },
  cost_refused: { status: 429, title: 'The question costs more than is left of the budget' },
  // the state of a token
  token_ended: { status: 409, title: 'The token has ended and cannot be changed' },
  token_state: { status: 409, title: 'The state of the token does not allow this' },
  token_exists: { status: 409, title: 'There is already such a token' },
  owner_unknown: { status: 400, title: 'There is no such owner' },
  role_invalid: { status: 400, title: 'There is no such role, or it cannot be granted' },
  // what needs a second person
  approval_missing: { status: 403, title: 'A second person has not agreed to this' },
  approval_lapsed: { status: 409, title: 'The approval is too old' },
  approval_differs: { status: 409, title: 'The approval was given for something else' },
  approval_own: { status: 403, title: 'Who asked for an approval cannot give it' },
  approval_state: { status: 409, title: 'The approval is decided already' },
  role_conflict: { status: 409, title: 'One person may not have these roles together' },
  role_last: { status: 409, title: 'The last one of this role stays' },
  factor_exists: { status: 409, title: 'There is a second factor already' },
  factor_missing: { status: 403, title: 'A second factor is needed' },
  factor_wrong: { status: 403, title: 'The code of the second factor is not right' },
  // what is about a person
  subject_active: { status: 409, title: 'The owner still has tokens that work' },
  figure_withheld: { status: 403, title: 'The figure is withheld: a small group could be found in it' },
  retention_blocked: { status: 409, title: 'Retention takes nothing now' },
  subject_held: { status: 409, title: 'A hold keeps what is about this owner' },
  // the state of a finding
  finding_changed: { status: 409, title: 'The finding was changed by somebody else in this moment' },
  // the state of a response
  response_state: { status: 409, title: 'The state of the response does not allow this' },
  response_refused: { status: 409, title: 'This response must not be made' },
  webhook_failed: { status: 502, title: 'The receiver of a webhook did not take the message' },
  mail_failed: { status: 502, title: 'The mail server did not take the message' },
  anchor_failed: { status: 502, title: 'A witness or another copy of the log did not take the checkpoint' },
  // a review
  pack_dropped: { status: 409, title: 'The pack was discarded' },
  review_own: { status: 409, title: 'Who made a pack cannot sign it' },
  review_exists: { status: 409, title: 'The pack is signed by this person already' },
  // the audit log
  log_halted: { status: 503, title: 'The audit log must not be continued as it stands; nothing that it would hold is done' },
  recovery_incomplete: { status: 409, title: 'Not everything that was lost is known; a choice is needed' },
  proof_pending: { status: 503, title: 'The entry is not yet under a published checkpoint' },
  // the world
  records_unavailable: { status: 503, title: 'The records cannot be written or read at the moment' },
  store_unavailable: { status: 503, title: 'The store cannot answer at the moment; validation is not affected' },
  not_recorded: { status: 503, title: 'It could not be recorded, so it is not answered' },
  proof_gone: { status: 410, title: 'What the proof would rest on is no longer kept' },
  denial_not_durable: { status: 503, title: 'The token is refused here until a restart, but that could not be written' },
  journal_full: { status: 503, title: 'The journal is at its size bound' },
  question_timeout: { status: 503, title: 'The question took longer than it may' },
  overloaded: { status: 503, title: 'Too much is asked at once' },
  caller_left: { status: 499, title: 'The caller closed the connection before the answer' },
  stopping: { status: 503, title: 'The server is stopping' },
  internal: { status: 500, title: 'Something is broken on our side' },
  // starting and the command line
  config_invalid: { status: 500, title: 'A setting is not accepted' },
  port_in_use: { status: 500, title: 'Another program listens on this port' },
  data_in_use: { status: 500, title: 'Another process uses this data folder' },
  data_damaged: { status: 500, title: 'Stored bytes are not as they were written' },
  data_newer: { status: 500, title: 'The data was written by a newer version' },
  engine_missing: { status: 500, title: 'A needed engine is not installed' },
  rule_invalid: { status: 400, title: 'The rule cannot be taken' },
  import_invalid: { status: 400, title: 'A file is not of the named format' },
} as const satisfies Record<string, { status: number; title: string }>

export type ErrorCode = keyof typeof ERRORS

/** An error of the world, with a stable code. A programmer's slip is a `TypeError`. */
export class TrailError extends Error {
  override readonly name = 'TrailError'
  readonly code: ErrorCode
  /** Which input is meant, as a JSON pointer or parameter name. */
  readonly input: string | undefined
  readonly retryAfterSeconds: number | undefined

  /** `message` says which input, what was expected and what to do; never a secret. */
  constructor(
    code: ErrorCode,
    message: string,
    options: { readonly input?: string; readonly retryAfterSeconds?: number; readonly cause?: unknown } = {},
  ) {
    super(message, options.cause === undefined ? undefined : { cause: options.cause })
    this.code = code
    this.input = options.input
    this.retryAfterSeconds = options.retryAfterSeconds
  }
}
