/** The request that makes the first event: copied, it works as it stands once the variable is set. */
export function firstRequest(): string {
  return [
    `curl ${location.origin}/v1/validate \\`,
    `  -H "Authorization: Bearer $TOKENTRAIL_TOKEN" -H 'content-type: application/json' \\`,
    `  -d '{"token":"ttk_example","route":"/orders/{id}"}'`,
  ].join('\n')
}

/** The request that issues a first token. */
export function firstIssue(): string {
  return [
    `curl ${location.origin}/v1/tokens \\`,
    `  -H "Authorization: Bearer $TOKENTRAIL_TOKEN" -H 'content-type: application/json' \\`,
    `  -d '{"kind":"access","owner":"me","scopes":["orders:read"]}'`,
  ].join('\n')
}
