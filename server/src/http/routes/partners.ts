import { Type } from 'typebox'
import {
  GITHUB_KEYS_SETTING,
  isSignedByPartner,
  PARTNER_KEYS_MAX,
  partnerKeys,
  type PartnerMatch,
  readKey,
} from '../../detect/leaks/github.ts'
import { TrailError } from '../../errors.ts'
import type { Actor } from '../../records/records.ts'
import { createAllowances } from '../../tokens/allowance.ts'
import { sourceKey } from '../../tokens/limits.ts'
import { type App, principalOf } from '../app.ts'
import type { HttpParts } from '../parts.ts'
import { closed, Text } from '../schemas.ts'

const BODY_BYTES_MAX = 1024 * 1024
const MATCHES_MAX = 100
/** Requests of one source, before any signature is looked at. */
const RATE = { count: 60, windowMs: 60_000 }
const SOURCES_MAX = 10_000
const PARTNER: Actor = { no: 0, kind: 'service' }

const Label = Type.Object({
  token_raw: Type.String(),
  token_type: Type.String(),
  label: Type.Enum(['true_positive', 'false_positive']),
})

/** Secret-scanning partners that report leaked tokens. */
export function partnerRoutes(app: App, parts: HttpParts): void {
  keys(app, parts)
  void app.register(async (child: App) => {
    child.removeAllContentTypeParsers()
    child.addContentTypeParser('application/json', { parseAs: 'buffer' }, (_request, body, done) => done(null, body))
    github(child, parts)
  })
}

function keys(app: App, { records, clock }: HttpParts): void {
  app.put(
    '/v1/partners/github/keys',
    {
      config: { permission: 'partners:write' },
      schema: {
        tags: ['leaks'],
        summary: "Set the partner's public keys",
        description:
          'ECDSA P-256, as PEM or base64 of SPKI. Reports signed by none of them are refused. They replace those that were set.',
        body: closed({
          keys: Type.Array(closed({ keyId: Text, key: Type.String({ minLength: 1, maxLength: 2000 }) }), {
            maxItems: PARTNER_KEYS_MAX,
          }),
        }),
        response: { 204: Type.Null() },
      },
    },
    async (request, reply) => {
      const { tenantNo, actor } = principalOf(request)
      const wrong = request.body.keys.findIndex((key) => readKey(key) === undefined)
      if (wrong >= 0)
        throw new TrailError('body_invalid', 'The key is none of ECDSA P-256 as PEM or base64 of SPKI.', {
          input: `/keys/${wrong}/key`,
        })
      const value = JSON.stringify(request.body.keys)
      await records.act('putSetting', { tenantNo, name: GITHUB_KEYS_SETTING, value, at: clock.now(), actor })
      return reply.code(204).send(null)
    },
  )
}

function github(app: App, { records, leaks, clock, installTenantNo }: HttpParts): void {
  const allowances = createAllowances<string>(SOURCES_MAX)
  app.post(
    '/v1/partners/github/secret-scanning',
    {
      bodyLimit: BODY_BYTES_MAX,
      config: { permission: 'public' },
      schema: {
        tags: ['leaks'],
        summary: "GitHub's secret scanning reports tokens",
        description:
          'Signed over the raw body by a key that the operator has set. Answers for each match whether it is one of ours. The same again changes nothing.',
        consumes: ['application/json'],
        response: { 200: Type.Array(Label) },
      },
    },
    async (request) => {
      const waitMs = allowances.take(sourceKey(0, request.ip) ?? '', RATE, clock.ticks())
      if (waitMs > 0)
        throw new TrailError('rate_limited', 'Too many reports at once. Wait, then go on.', {
          retryAfterSeconds: Math.ceil(waitMs / 1000),
        })
      const body = request.body instanceof Buffer ? request.body : Buffer.alloc(0)
      const known = await partnerKeys(records.read, installTenantNo)
      const keyId = headerOf(request.headers['github-public-key-identifier'])
      const signature = headerOf(request.headers['github-public-key-signature'])
      if (!isSignedByPartner(known, keyId, signature, body))
        throw new TrailError('not_authenticated', 'The body is not signed by a key of this partner.', {
          input: 'github-public-key-signature',
        })
      const matches = matchesOf(body)
      const common = { exposedAt: null, reporter: 'partner', partner: 'github', note: null } as const
      const found = await Promise.all(
        matches.map(({ token, url }) => leaks.report(installTenantNo, { ...common, what: { text: token }, url }, PARTNER)),
      )
      return matches.map(({ token, type }, i) => ({
        token_raw: token,
        token_type: type,
        label: found[i]?.proven === true ? ('true_positive' as const) : ('false_positive' as const),
      }))
    },
  )
}

function headerOf(value: string | string[] | undefined): string {
  return typeof value === 'string' && value.length <= 1000 ? value : ''
}

/** The matches of a body that is signed. */
function matchesOf(body: Buffer): readonly PartnerMatch[] {
  const read = jsonOf(body)
  if (!Array.isArray(read) || read.length > MATCHES_MAX)
    throw new TrailError('body_invalid', `Expected a list of at most ${MATCHES_MAX} matches.`)
  return read.map((each: unknown, at) => matchOf(each, at))
}

function matchOf(each: unknown, at: number): PartnerMatch {
  const { token, type, url } = (typeof each === 'object' && each !== null ? each : {}) as Readonly<Record<string, unknown>>
  if (typeof token !== 'string' || token.length === 0 || token.length > 8192 || typeof type !== 'string' || type.length > 200)
    throw new TrailError('body_invalid', 'A match has a token and a type.', { input: `/${at}` })
  const place = typeof url === 'string' ? url.slice(0, 2000).replaceAll(/[^\x21-\x7e]/g, '') : ''
  return { token, type, url: place === '' ? null : place }
}

function jsonOf(body: Buffer): unknown {
  try {
    return JSON.parse(body.toString('utf8'))
  } catch {
    throw new TrailError('body_malformed', 'The body is not JSON.')
  }
}
