import { readFileSync } from 'node:fs'
import type { Static, TSchema } from 'typebox'
import { Compile } from 'typebox/compile'
import { TrailError } from '../errors.ts'

const BYTES_MAX = 1024 * 1024

/** Reads a configuration file of JSON and checks it. `config_invalid` names the file and the member that is not accepted, not its value. */
export function readJsonFile<Schema extends TSchema>(file: string, schema: Schema): Static<Schema> {
  const value = parse(file, read(file))
  const check = Compile(schema)
  if (check.Check(value)) return value
  const faults = check.Errors(value)
  const fault = faults.find(({ keyword }) => keyword !== 'anyOf' && keyword !== 'boolean') ?? faults[0]
  const named = Object.values(fault?.params ?? {}).flat()
  const names = named.filter((each) => typeof each === 'string').join(', ')
  throw invalid(file, `${fault?.instancePath ?? '/'} ${fault?.message ?? 'is not accepted'}${names === '' ? '' : ` (${names})`}`)
}

function read(file: string): string {
  try {
    const text = readFileSync(file, 'utf8')
    if (text.length <= BYTES_MAX) return text
  } catch (cause) {
    throw invalid(file, 'it cannot be read by this user', cause)
  }
  throw invalid(file, 'it is larger than 1 MiB')
}

function parse(file: string, text: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    // the message of JSON.parse quotes the text, which may hold a secret
    throw invalid(file, 'it is not well-formed JSON')
  }
}

function invalid(file: string, reason: string, cause?: unknown): TrailError {
  const options = cause === undefined ? { input: file } : { input: file, cause }
  return new TrailError('config_invalid', `The configuration file ${file} is not accepted: ${reason}.`, options)
}
