import { StringDecoder } from 'node:string_decoder'
import type { Readable } from 'node:stream'
import { TrailError } from '../errors.ts'
import type { LineResult } from '../connect/ingest.ts'

/** One line of a stream: its JSON, or why it is none. */
export type ReadLine = { readonly value: unknown } | { readonly refused: Omit<LineResult, 'index'> }

export interface LineBounds {
  readonly linesAtOnce: number
  readonly linesMax: number
  readonly bytesMax: number
}

const LINE_CHARACTERS_MAX = 64 * 1024

/** Splits a stream into lines of JSON, in groups; empty lines are left out. A line that is no JSON costs no other. */
export async function* readLines(stream: Readable, bounds: LineBounds): AsyncGenerator<ReadLine[]> {
  const decoder = new StringDecoder('utf8')
  let [rest, bytes, lines] = ['', 0, 0]
  const group: ReadLine[] = []
  const add = (text: string): void => {
    if (text.trim() === '') return
    if (++lines > bounds.linesMax)
      throw new TrailError('too_many_items', `Expected at most ${bounds.linesMax} lines in one request; send them in parts.`)
    group.push(parseLine(text))
  }
  for await (const chunk of stream) {
    bytes += (chunk as Buffer).length
    if (bytes > bounds.bytesMax)
      throw new TrailError('body_too_large', `Expected at most ${bounds.bytesMax} bytes in one request; send them in parts.`)
    const texts = (rest + decoder.write(chunk as Buffer)).split('\n')
    rest = texts.pop() ?? ''
    for (const text of texts) {
      add(text)
      if (group.length >= bounds.linesAtOnce) yield group.splice(0)
    }
  }
  add(rest + decoder.end())
  if (group.length > 0) yield group
}

function parseLine(text: string): ReadLine {
  if (text.length > LINE_CHARACTERS_MAX)
    return refused('body_too_large', `The line is longer than ${LINE_CHARACTERS_MAX} characters.`)
  try {
    return { value: JSON.parse(text) as unknown }
  } catch {
    return refused('body_malformed', 'The line is not JSON.')
  }
}

function refused(code: 'body_too_large' | 'body_malformed', message: string): ReadLine {
  return { refused: { result: 'rejected', code, message } }
}
