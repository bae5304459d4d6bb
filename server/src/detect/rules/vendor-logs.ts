import type { TypeName } from 'tokentrail'

/**
 * Logs of others, as their events are kept after import. What names a person or an address is not kept in clear, so rules cannot
 * speak of it; the author of a rule is told so.
 */
export interface VendorLog {
  /** As Sigma's log sources name it. */
  readonly product: string
  readonly service: string
  /** Value of `service` in our events; a leading `*` stands for any beginning. */
  readonly label: string
  /** Types under which its events are kept; absent where all may be. */
  readonly types?: readonly TypeName[]
  /** The vendor's field names and ours. */
  readonly fields: Readonly<Record<string, string>>
  /** Fields that are kept in `detail` under their own full name, where they hold a technical word or a list of them. */
  readonly kept: readonly string[]
}

const ACTION = 'route'

export const VENDOR_LOGS: readonly VendorLog[] = [
  {
    product: 'aws',
    service: 'cloudtrail',
    label: '*.amazonaws.com',
    types: ['token.validated', 'other'],
    fields: {
      eventName: 'route',
      eventSource: 'service',
      eventTime: 'at',
      recipientAccountId: 'environment',
      requestID: 'requestId',
      errorCode: 'detail.errorCode',
      'userIdentity.type': 'detail.identity',
      'userIdentity.invokedBy': 'detail.invokedBy',
      // made at import of what is not kept itself, so they have names of their own
      // first word of the agent, such as `aws-cli`
      agentName: 'detail.agent',
      // `public`, `private`, or the name of the AWS service
      sourceKind: 'detail.source',
      // `AKIA`, `ASIA`, …
      keyPrefix: 'detail.keyPrefix',
      // name of a policy that AWS manages or puts itself
      managedPolicy: 'detail.policy',
      // `i-…` of the instance whose role is used
      instanceSession: 'detail.session',
      // `self` or `other`: whether the call is about the caller
      aboutUser: 'detail.target',
    },
    kept: [],
  },
  {
    product: 'okta',
    service: 'okta',
    label: 'okta',
    fields: { eventType: ACTION, eventtype: ACTION, published: 'at' },
    kept: ['outcome.result', 'outcome.reason', 'severity', 'target.type', 'legacyEventType', 'actor.type'],
  },
  {
    product: 'github',
    service: 'audit',
    label: 'github',
    fields: { action: ACTION, created_at: 'at' },
    kept: [
      'operation_type',
      'programmatic_access_type',
      'token_scopes',
      'business_role',
      'permission',
      'visibility',
      'public_repo',
    ],
  },
  {
    product: 'auth0',
    service: 'events',
    label: 'auth0',
    fields: { 'data.type': ACTION, 'data.date': 'at' },
    kept: ['data.description', 'data.details.request.method', 'data.details.request.path', 'data.details.response.statusCode'],
  },
  {
    product: 'gcp',
    service: 'gcp.audit',
    label: 'gcp',
    fields: { 'protoPayload.methodName': ACTION, 'gcp.audit.method_name': ACTION, timestamp: 'at' },
    kept: [
      'protoPayload.serviceName',
      'protoPayload.status.code',
      'protoPayload.authorizationInfo.permission',
      'protoPayload.authorizationInfo.granted',
      'protoPayload.request.@type',
      // absolute paths among the words of a command
      'protoPayload.request.paths',
      // true where a call of Kubernetes names no namespace
      'clusterWide',
      'protoPayload.response.@type',
      'protoPayload.serviceData.policyDelta.bindingDeltas.action',
      'protoPayload.serviceData.policyDelta.bindingDeltas.role',
      'resource.type',
      'severity',
    ],
  },
  {
    product: 'kubernetes',
    service: 'audit',
    label: 'kubernetes',
    fields: { verb: ACTION, requestReceivedTimestamp: 'at' },
    kept: [
      'objectRef.resource',
      'objectRef.subresource',
      'objectRef.namespace',
      'objectRef.apiGroup',
      'responseStatus.code',
      'requestObject.spec.signerName',
      // absolute paths among the words of a command
      'requestObject.paths',
      // only names of the system's own accounts
      'systemUser',
    ],
  },
  {
    product: 'slack',
    service: 'audit',
    label: 'slack',
    fields: { action: ACTION, date_create: 'at' },
    kept: ['entity.type', 'details.new_scopes', 'details.previous_scopes', 'context.location.type'],
  },
  {
    product: 'notion',
    service: 'audit',
    label: 'notion',
    fields: { 'event.type': ACTION, 'event.timestamp': 'at' },
    kept: ['event.details.authType', 'event.actor.type', 'event.platform'],
  },
  {
    product: 'openai',
    service: 'audit',
    label: 'openai',
    fields: { type: ACTION, effective_at: 'at' },
    kept: [
      'actor.type',
      'api_key_created.data.scopes',
      'api_key_updated.data.scopes',
      'api_key_updated.changes_requested.scopes',
      'login_failed.error_code',
    ],
  },
  {
    product: 'anthropic',
    service: 'activity',
    label: 'anthropic',
    fields: { type: ACTION, created_at: 'at' },
    kept: ['actor.type'],
  },
  {
    product: 'snyk',
    service: 'audit',
    label: 'snyk',
    fields: { event: ACTION, created: 'at' },
    kept: ['content.role', 'content.after.role', 'content.before.role'],
  },
  {
    product: 'tailscale',
    service: 'audit',
    label: 'tailscale',
    fields: { 'event.action': ACTION },
    kept: ['event.target.type', 'event.target.property', 'event.origin', 'event.actor.type'],
  },
  {
    product: 'teleport',
    service: 'audit',
    label: 'teleport',
    fields: { event: ACTION, time: 'at' },
    kept: ['code', 'success', 'method', 'cert_type', 'identity.user_type', 'server_protocol'],
  },
  {
    product: 'gitlab',
    service: 'audit',
    label: 'gitlab',
    fields: { 'detail.custom_message': ACTION, created_at: 'at' },
    kept: ['entity_type', 'detail.target_type'],
  },
  {
    product: 'cloudflare',
    service: 'http',
    label: 'cloudflare',
    fields: { ClientRequestMethod: 'method', Datetime: 'at', EdgeStartTimestamp: 'at' },
    kept: ['Action', 'Source', 'EdgeResponseStatus', 'OriginResponseStatus', 'ClientRequestScheme', 'ClientCountry', 'BotScore'],
  },
]
