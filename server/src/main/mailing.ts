import { Type } from 'typebox'
import type { Config } from '../config/config.ts'
import { readJsonFile } from '../config/json-file.ts'
import type { Mailing } from '../detect/response/responder.ts'
import { TrailError } from '../errors.ts'
import { createMailer, isMailUrl } from '../send/mail.ts'

/** A file, because the address of the server may hold a password. */
const SHAPE = Type.Object(
  {
    smtp: Type.String({ maxLength: 1000, description: 'smtps://user:password@host, or smtp:// with STARTTLS' }),
    from: Type.String({ minLength: 3, maxLength: 320 }),
    allowPlain: Type.Optional(Type.Boolean({ description: 'send also where the connection cannot be encrypted' })),
  },
  { additionalProperties: false },
)

/** How mail goes out, where a mail server is configured. */
export function mailingOf({ mailConfig, publicUrl }: Config): Mailing | undefined {
  if (mailConfig === undefined) return undefined
  const { smtp, from, allowPlain = false } = readJsonFile(mailConfig, SHAPE)
  if (!isMailUrl(smtp)) {
    const message = `The configuration file ${mailConfig} is not accepted: smtp must begin with smtp:// or smtps://.`
    throw new TrailError('config_invalid', message, { input: mailConfig })
  }
  return { send: createMailer(), server: { smtp, from, allowPlain }, link: publicUrl }
}
