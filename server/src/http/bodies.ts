import type { IncomingMessage } from 'node:http'
import { TrailError } from '../errors.ts'
import type { App } from './app.ts'

/** Largest body of most routes. */
export const BODY_BYTES_MAX = 64 * 1024
/** Largest body of routes that take many items. */
export const MANY_BYTES_MAX = 8 * 1024 * 1024
const DEPTH_MAX = 16

/** JSON only, without poisoned keys (`__proto__`, `constructor`), and no deeper than anything here needs. */
export function parseJsonOnly(app: App): void {
  const parse = app.getDefaultJsonParser('error', 'error')
  app.removeAllContentTypeParsers()
  app.addContentTypeParser('application/json', { parseAs: 'string' }, (request, body, done) => {
    if (isTooDeep(String(body)))
      done(new TrailError('body_invalid', `The body nests deeper than ${DEPTH_MAX} levels.`), undefined)
    else void parse(request, String(body), done)
  })
}

/** Forms, for the two routes whose standards ask for them. A field that comes twice is refused (RFC 6749 §3.1). */
export function parseForms(app: App): void {
  app.addContentTypeParser('application/x-www-form-urlencoded', { parseAs: 'string' }, (_request, body, done) => {
    const fields = [...new URLSearchParams(String(body))]
    const names = new Set(fields.map(([name]) => name))
    if (names.size < fields.length)
      done(new TrailError('body_invalid', 'A field of the form comes twice. Send each once.'), undefined)
    else done(null, Object.fromEntries(fields))
  })
}

/** Lines of JSON are handed on as they arrive. */
export function streamLines(app: App): void {
  app.addContentTypeParser(['application/x-ndjson', 'application/jsonl'], (_request: unknown, payload: IncomingMessage, done) =>
    done(null, payload),
  )
}

/** Counts brackets outside of texts; a tenth of the time that parsing takes. */
function isTooDeep(json: string): boolean {
  let [depth, inText] = [0, false]
  for (let i = 0; i < json.length; i++) {
    const code = json.charCodeAt(i)
    if (inText) {
      if (code === BACKSLASH) i += 1
      else if (code === QUOTE) inText = false
    } else if (code === QUOTE) inText = true
    else if (code === OPEN_BRACE || code === OPEN_BRACKET) {
      if (++depth > DEPTH_MAX) return true
    } else if (code === CLOSE_BRACE || code === CLOSE_BRACKET) depth -= 1
  }
  return false
}

const [QUOTE, BACKSLASH, OPEN_BRACKET, CLOSE_BRACKET, OPEN_BRACE, CLOSE_BRACE] = [34, 92, 91, 93, 123, 125] as const
