import { isKeyName, parseKey, SIGNATURE_TYPES } from 'tokentrail/log'
import type { NoteKey } from 'tokentrail/log'
import { Type } from 'typebox'
import { readJsonFile } from '../../config/json-file.ts'
import { TrailError } from '../../errors.ts'
import { LOG_CRYPTO } from '../crypto.ts'

/** Who this witness is, and which logs it watches. */
export interface WitnessConfig {
  /** Name of the witness's key, such as `witness.example.org/w1`. */
  readonly name: string
  /** Keys of the logs; a key's name is the log's origin. */
  readonly logs: readonly NoteKey[]
}

const SHAPE = Type.Object(
  {
    name: Type.String({ minLength: 1, maxLength: 255 }),
    logs: Type.Array(Type.String({ maxLength: 1000 }), { minItems: 1, maxItems: 1000 }),
  },
  { additionalProperties: false },
)

/** Reads the configuration file of a witness. Two logs with one origin are refused: only one of them can be the log. */
export function readWitnessConfig(file: string): WitnessConfig {
  const { name, logs } = readJsonFile(file, SHAPE)
  if (!isKeyName(name)) throw invalid(file, '/name must hold no space and no +')
  const keys = logs.map((text, at) => logKey(file, text, at))
  const twice = keys.find((key, at) => keys.findIndex((other) => other.name === key.name) !== at)
  if (twice) throw invalid(file, `two keys have the origin ${twice.name}; a log has one key, and a new key needs a new origin`)
  return { name, logs: keys }
}

function logKey(file: string, text: string, at: number): NoteKey {
  try {
    const key = parseKey(LOG_CRYPTO.sha256, text)
    if (key.type === SIGNATURE_TYPES.ed25519) return key
  } catch (cause) {
    throw invalid(file, `/logs/${String(at)} is no verifier key`, cause)
  }
  throw invalid(file, `/logs/${String(at)} is not the key of a log`)
}

function invalid(file: string, reason: string, cause?: unknown): TrailError {
  return new TrailError('config_invalid', `The configuration file ${file} is not accepted: ${reason}.`, { input: file, cause })
}
