import { parseKey, SIGNATURE_TYPES } from 'tokentrail/log'
import type { NoteKey } from 'tokentrail/log'
import { Type } from 'typebox'
import type { Static } from 'typebox'
import { readJsonFile } from '../../config/json-file.ts'
import { TrailError } from '../../errors.ts'
import { isMailUrl } from '../../send/mail.ts'
import { LOG_CRYPTO } from '../crypto.ts'

/** A witness that is asked to cosign. */
export interface WitnessAnchor {
  readonly kind: 'witness'
  readonly name: string
  readonly key: NoteKey
  /** Prefixes of its addresses, without a slash at the end. */
  readonly submit: string
  readonly monitor: string
  readonly everyMs: number
}

type Every = { readonly name: string; readonly everyMs: number }
/** A folder, perhaps on another disk, that gets each checkpoint as a file. */
export type FileAnchor = Every & { readonly kind: 'file'; readonly directory: string }
/** A receiver of signed messages (Standard Webhooks). */
export type WebhookAnchor = Every & {
  readonly kind: 'webhook'
  readonly url: string
  readonly secret: string
  readonly isPrivate: boolean
}
/** Readers of mail. */
export type MailAnchor = Every & {
  readonly kind: 'mail'
  readonly smtp: string
  readonly from: string
  readonly to: readonly string[]
  readonly allowPlain: boolean
}

/** What the configuration file says. */
export interface AnchorsConfig {
  readonly anchors: readonly Anchor[]
  /** A proof is given only under a checkpoint that a witness has cosigned. */
  readonly witnessRequired: boolean
}

export type Anchor = WitnessAnchor | FileAnchor | WebhookAnchor | MailAnchor

const SECOND_MS = 1000
const MINUTE_MS = 60_000

const Name = Type.String({ minLength: 1, maxLength: 100, pattern: '^[A-Za-z0-9][A-Za-z0-9._/@-]*$' })
const Minutes = Type.Optional(Type.Integer({ minimum: 1, maximum: 10_080 }))
const closed = { additionalProperties: false }

/** The configuration file: addresses stand in it and nowhere else, for what can be set over the API can be set by whoever takes a session. */
const SHAPE = Type.Object(
  {
    witnessRequired: Type.Optional(Type.Boolean()),
    witnesses: Type.Optional(
      Type.Array(
        Type.Object(
          {
            vkey: Type.String({ maxLength: 4000 }),
            url: Type.String({ maxLength: 1000 }),
            monitor: Type.Optional(Type.String({ maxLength: 1000 })),
            everySeconds: Type.Optional(Type.Integer({ minimum: 1, maximum: 3600 })),
          },
          closed,
        ),
        { maxItems: 16 },
      ),
    ),
    files: Type.Optional(
      Type.Array(Type.Object({ name: Name, directory: Type.String({ minLength: 1 }), everyMinutes: Minutes }, closed), {
        maxItems: 16,
      }),
    ),
    webhooks: Type.Optional(
      Type.Array(
        Type.Object(
          {
            name: Name,
            url: Type.String({ maxLength: 1000 }),
            secret: Type.String({ minLength: 30 }),
            private: Type.Optional(Type.Boolean()),
            everyMinutes: Minutes,
          },
          closed,
        ),
        { maxItems: 16 },
      ),
    ),
    mails: Type.Optional(
      Type.Array(
        Type.Object(
          {
            name: Name,
            smtp: Type.String({ maxLength: 1000 }),
            from: Type.String({ minLength: 3, maxLength: 320 }),
            to: Type.Array(Type.String({ minLength: 3, maxLength: 320 }), { minItems: 1, maxItems: 50 }),
            plain: Type.Optional(Type.Boolean()),
            everyMinutes: Minutes,
          },
          closed,
        ),
        { maxItems: 16 },
      ),
    ),
  },
  closed,
)

type File = Static<typeof SHAPE>

/** Reads the anchors of a configuration file; every address and key is checked, so that a mistake shows at the start. */
export function readAnchors(file: string): AnchorsConfig {
  const given = readJsonFile(file, SHAPE)
  const anchors = [...witnessesOf(file, given), ...filesOf(given), ...webhooksOf(file, given), ...mailsOf(file, given)]
  const twice = anchors.find(({ name }, at) => anchors.findIndex((other) => other.name === name) !== at)
  if (twice) throw invalid(file, `two anchors are called ${twice.name}`)
  const { witnessRequired = false, witnesses = [] } = given
  if (witnessRequired && witnesses.length === 0) throw invalid(file, '/witnessRequired needs a witness')
  return { anchors, witnessRequired }
}

function witnessesOf(file: string, { witnesses = [] }: File): WitnessAnchor[] {
  return witnesses.map(({ vkey, url, monitor = url, everySeconds = 5 }, at) => {
    const key = witnessKey(file, vkey, at)
    const prefixes = {
      submit: prefix(file, `/witnesses/${String(at)}/url`, url),
      monitor: prefix(file, `/witnesses/${String(at)}/monitor`, monitor),
    }
    return { kind: 'witness', name: key.name, key, ...prefixes, everyMs: everySeconds * SECOND_MS }
  })
}

function filesOf({ files = [] }: File): FileAnchor[] {
  return files.map(({ name, directory, everyMinutes = 60 }) => ({
    kind: 'file',
    name,
    directory,
    everyMs: everyMinutes * MINUTE_MS,
  }))
}

function webhooksOf(file: string, { webhooks = [] }: File): WebhookAnchor[] {
  return webhooks.map(({ name, url, secret, private: isPrivate = false, everyMinutes = 60 }, at) => {
    if (!URL.canParse(url) || new URL(url).protocol !== 'https:')
      throw invalid(file, `/webhooks/${String(at)}/url must begin with https://`)
    return { kind: 'webhook', name, url, secret, isPrivate, everyMs: everyMinutes * MINUTE_MS }
  })
}

function mailsOf(file: string, { mails = [] }: File): MailAnchor[] {
  return mails.map(({ name, smtp, from, to, plain = false, everyMinutes = 1440 }, at) => {
    if (!isMailUrl(smtp)) throw invalid(file, `/mails/${String(at)}/smtp must begin with smtp:// or smtps://`)
    return { kind: 'mail', name, smtp, from, to, allowPlain: plain, everyMs: everyMinutes * MINUTE_MS }
  })
}

function witnessKey(file: string, vkey: string, at: number): NoteKey {
  try {
    const key = parseKey(LOG_CRYPTO.sha256, vkey)
    if (key.type === SIGNATURE_TYPES.cosignature) return key
  } catch (cause) {
    throw invalid(file, `/witnesses/${String(at)}/vkey is no verifier key`, cause)
  }
  throw invalid(file, `/witnesses/${String(at)}/vkey is not the key of a witness that cosigns with Ed25519`)
}

function prefix(file: string, at: string, text: string): string {
  const url = URL.canParse(text) ? new URL(text) : undefined
  if (url && ['http:', 'https:'].includes(url.protocol) && url.search === '' && url.hash === '')
    return url.href.replace(/\/+$/, '')
  throw invalid(file, `${at} must be an address that begins with http:// or https://`)
}

function invalid(file: string, reason: string, cause?: unknown): TrailError {
  return new TrailError('config_invalid', `The configuration file ${file} is not accepted: ${reason}.`, { input: file, cause })
}
