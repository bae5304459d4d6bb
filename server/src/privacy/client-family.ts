import { BROWSER_MAP, parse } from 'bowser'

/** Characters of a user agent that are looked at. */
const AGENT_CHARS_MAX = 512

/** Libraries and tools by the product token they begin with; the first that matches names the family. */
const TOOLS: readonly (readonly [start: string, family: string])[] = [
  ['aiohttp', 'aiohttp'],
  ['ansible', 'Ansible'],
  ['apache-httpclient', 'Apache HttpClient'],
  ['aws-cli', 'AWS CLI'],
  ['aws-internal', 'AWS internal'],
  ['aws-sdk', 'AWS SDK'],
  ['axios', 'axios'],
  ['azure', 'Azure SDK'],
  ['boto', 'Boto'],
  ['bun', 'Bun'],
  ['console.amazonaws.com', 'AWS Console'],
  ['curl', 'curl'],
  ['dart', 'Dart'],
  ['deno', 'Deno'],
  ['docker', 'Docker'],
  ['faraday', 'Faraday'],
  ['git/', 'git'],
  ['github', 'GitHub'],
  ['go-http-client', 'Go'],
  ['google-api', 'Google API client'],
  ['got', 'got'],
  ['grpc', 'gRPC'],
  ['guzzlehttp', 'Guzzle'],
  ['helm', 'Helm'],
  ['httpie', 'HTTPie'],
  ['insomnia', 'Insomnia'],
  ['java', 'Java'],
  ['jetty', 'Jetty'],
  ['k6', 'k6'],
  ['kube', 'Kubernetes'],
  ['node', 'Node'],
  ['okhttp', 'OkHttp'],
  ['php', 'PHP'],
  ['postman', 'Postman'],
  ['powershell', 'PowerShell'],
  ['prometheus', 'Prometheus'],
  ['python-httpx', 'httpx'],
  ['python-requests', 'Requests'],
  ['python-urllib', 'urllib'],
  ['python', 'Python'],
  ['reqwest', 'reqwest'],
  ['ruby', 'Ruby'],
  ['rust', 'Rust'],
  ['s3', 'S3 client'],
  ['terraform', 'Terraform'],
  ['tokentrail', 'Tokentrail'],
  ['undici', 'undici'],
  ['wget', 'Wget'],
]

/** Family of a user agent out of a closed set, `other` for what is in none, empty for no agent. Slow: callers cache. */
export function clientFamily(userAgent: string): string {
  const agent = userAgent.slice(0, AGENT_CHARS_MAX).trim()
  if (agent === '') return ''
  const lower = agent.toLowerCase().replace(/^\[/, '')
  if (/^[a-z0-9.-]+\.amazonaws\.com$/.test(lower) && !lower.startsWith('console')) return 'AWS service'
  const tool = TOOLS.find(([start]) => lower.startsWith(start))
  return tool ? tool[1] : browserFamily(agent)
}

function browserFamily(agent: string): string {
  const name = parse(agent).browser.name
  return name !== undefined && FAMILIES.has(name) ? name : 'other'
}

/** Bowser invents a name from unknown agents; only those of its table count. */
const FAMILIES: ReadonlySet<string> = new Set(Object.values(BROWSER_MAP))
