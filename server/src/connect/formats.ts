import { cloudtrail } from './cloudtrail.ts'
import { tokentrail } from './tokentrail.ts'
import type { Format } from './format.ts'
import { vendorFormat } from './vendor-log.ts'

/** The logs that `tokentrail import` understands, by name. */
export const FORMATS = {
  cloudtrail,
  tokentrail,
  anthropic: vendorFormat('anthropic'),
  auth0: vendorFormat('auth0'),
  cloudflare: vendorFormat('cloudflare'),
  gcp: vendorFormat('gcp'),
  github: vendorFormat('github'),
  gitlab: vendorFormat('gitlab'),
  kubernetes: vendorFormat('kubernetes'),
  notion: vendorFormat('notion'),
  okta: vendorFormat('okta'),
  openai: vendorFormat('openai'),
  slack: vendorFormat('slack'),
  snyk: vendorFormat('snyk'),
  tailscale: vendorFormat('tailscale'),
  teleport: vendorFormat('teleport'),
} as const satisfies Record<string, Format>
export type FormatName = keyof typeof FORMATS
