/** Which rules of the vendor events are about tokens, keys and credentials: declared by name, before anything is scored. */
export const TOKEN_RULES =
  /token|access\.?key|api\.?key|secret|credential|serviceaccountkeys|service\.key|serviceAccounts\.sign|hmac|keys\.created|\.keys$|iamcompromisedkey|clientcertificate|longlivedcerts|trufflehog/i

/** Passwords, second factors and encryption keys are left out: they are no credentials that a program presents. */
export function isAboutTokens(rule: string): boolean {
  return TOKEN_RULES.test(rule)
}

/** Our rules that mean what the named rule means. A name that is not here is not covered. */
export const COVERED: Readonly<Record<string, readonly string[] | undefined>> = {
  'AWS.CloudTrail.IAMCompromisedKeyQuarantine': ['aws-compromised-key-quarantine'],
  'AWS.IAM.AccessKeyCompromised': ['aws-compromised-key-quarantine'],
  'AWS.CloudTrail.IMDSCredentialExfiltration': ['aws-instance-role-from-public-address'],
  'AWS.CloudTrail.RootAccessKeyCreated': ['aws-root-access-key-created'],
  'AWS.CloudTrail.UserAccessKeyAuth': ['aws-long-lived-key-used'],
  'AWS.Console.GetSigninToken.Abuse': ['aws-console-link-by-program'],
  'AWS.IAM.Backdoor.User.Keys': ['aws-access-key-for-another-user'],
  'AWS.IAM.CredentialsUpdated': ['aws-credentials-changed'],
  'AWS.STS.GetSessionToken.Misuse': ['aws-session-token-by-user'],
  'AWS.STS.GetCallerIdentity.TruffleHog': ['aws-key-tried-by-scanner'],
  'AWS.SecretsManager.BatchRetrieveSecretsCatchAll': ['aws-secrets-read-in-batch'],
  'AWS.SecretsManager.RetrieveSecrets': ['aws-many-secrets-read'],
  'AWS.SecretsManager.RetrieveSecretsMultiRegion': ['aws-secrets-read-in-batch'],
  'Retrieve.SSO.access.token': ['aws-sso-token-taken'],
  'Anthropic.Activity.Admin.API.Key.Created': ['anthropic-key-created'],
  'Anthropic.Activity.Service.Key.Created': ['anthropic-key-created'],
  'Anthropic.Activity.Admin.API.Key.Deleted': ['anthropic-key-ended'],
  'Anthropic.Activity.Service.Key.Revoked': ['anthropic-key-ended'],
  'Auth0.RefreshToken.Reuse': ['auth0-refresh-token-reused'],
  'GCP.IAM.serviceAccounts.getAccessToken.Privilege.Escalation': ['gcp-service-account-token-made'],
  'GCP.IAM.serviceAccounts.signBlob': ['gcp-service-account-token-made'],
  'GCP.IAM.serviceAccounts.signJwt.Privilege.Escalation': ['gcp-service-account-token-made'],
  'GCP.Permissions.Granted.to.Create.or.Manage.Service.Account.Key': ['gcp-key-administration-granted'],
  'GCP.Service.Account.or.Keys.Created': ['gcp-service-account-key-created'],
  'GCP.iam.serviceAccountKeys.create': ['gcp-service-account-key-created'],
  'GCP.serviceusage.apiKeys.create.Privilege.Escalation': ['gcp-api-key-created'],
  'GCP.Storage.Hmac.Keys.Create': ['gcp-hmac-key-created'],
  'GitHub.User.AccessKeyCreated': ['github-key-or-token-created'],
  'GitHub.Secret.Scanning.Alert.Created': ['github-secret-found'],
  'Kubernetes.BulkSecretAccess': ['kubernetes-secrets-listed', 'gke-secrets-listed'],
  'Kubernetes.ClientCertificate.Created': ['kubernetes-client-certificate-requested', 'gke-client-certificate-requested'],
  'Kubernetes.Pod.StealServiceAccountToken': ['kubernetes-token-file-read', 'gke-token-file-read'],
  'Kubernetes.Secret.AccessDenied': ['kubernetes-secret-refused', 'gke-secret-refused'],
  'Kubernetes.Secrets.DumpAllNamespaces': ['kubernetes-secrets-of-all-namespaces', 'gke-secrets-of-all-namespaces'],
  'Kubernetes.ServiceAccount.TokenCreated': ['kubernetes-service-account-token-made', 'gke-service-account-token-made'],
  'Notion.Workspace.SCIM.Token.Generated': ['notion-scim-token-made'],
  'Okta.APIKeyCreated': ['okta-api-token-created'],
  'Okta.Refresh.Access.Token.Reuse': ['okta-refresh-token-reused'],
  'OpenAI.API.Key.Anomalous.Activity': ['openai-key-with-wide-scopes'],
  'OpenAI.CredentialStuffing': ['openai-sign-in-guessing'],
}
