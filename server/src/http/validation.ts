import type { FastifySchemaCompiler } from 'fastify'
import { Compile } from 'typebox/compile'
import type { TSchema } from 'typebox'
import { Value } from 'typebox/value'
import { type ErrorCode, TrailError } from '../errors.ts'

/**
 * Checks bodies as they are, a missing one as an empty object where that is enough. Parameters, which are text, are first
 * turned into what the schema expects.
 */
export const compileValidator: FastifySchemaCompiler<TSchema> = ({ schema, httpPart }) => {
  const check = Compile(schema)
  const inBody = httpPart === 'body'
  return (given: unknown) => {
    const value = inBody ? (given ?? (check.Check({}) ? {} : given)) : Value.Convert(schema, given)
    if (check.Check(value)) return { value }
    return { error: errorOf(check.Errors(value), inBody) }
  }
}

type Fault = ReturnType<ReturnType<typeof Compile>['Errors']>[number]

/** The first fault that a person can act on: an unknown field before a wrong one. */
function errorOf(faults: readonly Fault[], inBody: boolean): TrailError {
  const unknown = faults.find(({ keyword }) => keyword === 'additionalProperties')
  if (unknown) return unknownField(unknown, inBody)
  const fault = faults.find(({ keyword }) => keyword !== 'anyOf' && keyword !== 'boolean') ?? faults[0]
  const pointer = fault ? pointerOf(fault) : ''
  const input = inBody ? pointer || '/' : pointer.slice(1)
  const code: ErrorCode = inBody ? 'body_invalid' : 'parameter_invalid'
  const subject = inBody ? `The body at ${input}` : `The parameter ${input}`
  return new TrailError(code, `${subject} ${expectationOf(faults, fault)}. The shape of every request stands in /openapi.json.`, { input })
}

function unknownField(fault: Fault, inBody: boolean): TrailError {
  const names = (fault.params as { additionalProperties?: readonly string[] }).additionalProperties ?? []
  const name = printable(names[0] ?? '')
  const input = inBody ? `${fault.instancePath}/${name}` : name
  const code: ErrorCode = inBody ? 'field_unknown' : 'parameter_invalid'
  return new TrailError(code, `There is no ${inBody ? 'field' : 'parameter'} ${input} here. Leave it out, or check its spelling.`, { input })
}

function pointerOf(fault: Fault): string {
  const missing = (fault.params as { requiredProperties?: readonly string[] }).requiredProperties?.[0]
  return missing === undefined ? printable(fault.instancePath) : printable(`${fault.instancePath}/${missing}`)
}

/** What was expected; the alternatives of a union are named together. */
function expectationOf(faults: readonly Fault[], fault: Fault | undefined): string {
  if (!fault) return 'is not accepted'
  if (fault.keyword === 'required') return 'is missing'
  const allowed = (fault.params as { allowedValues?: readonly unknown[] }).allowedValues
  if (allowed) return `must be one of ${allowed.join(', ')}`
  const alternatives = faults.filter(({ instancePath, keyword }) => instancePath === fault.instancePath && keyword === 'type')
  if (alternatives.length > 1) return alternatives.map(({ message }) => message).join(' or ')
  return fault.message
}

/** A name from outside, fit for a message: bounded and without control characters. */
function printable(name: string): string {
  return name.replaceAll(/[^\x20-\x7e]/g, '?').slice(0, 100)
}
