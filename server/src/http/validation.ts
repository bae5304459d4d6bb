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
  const blame = alternativesOf(schema)
  return (given: unknown) => {
    const value = inBody ? (given ?? (check.Check({}) ? {} : given)) : Value.Convert(schema, given)
    return check.Check(value) ? { value } : { error: errorOf(blame(value).Errors(value), inBody) }
  }
}

type Checker = ReturnType<typeof Compile>

/** Of a union, the alternative that was meant: the first of which a required field is there. Its faults are the ones to name. */
function alternativesOf(schema: TSchema): (value: unknown) => Checker {
  const schemas = 'anyOf' in schema && Array.isArray(schema.anyOf) ? (schema.anyOf as TSchema[]) : [schema]
  const alternatives = schemas.map((each) => ({ check: Compile(each), required: requiredOf(each) }))
  const [first] = alternatives
  if (!first) throw new TypeError('a union has no alternatives')
  return (value) => {
    const fields = typeof value === 'object' && value !== null ? value : {}
    return (alternatives.find(({ required }) => required.some((name) => Object.hasOwn(fields, name))) ?? first).check
  }
}

function requiredOf(schema: TSchema): readonly string[] {
  return 'required' in schema && Array.isArray(schema.required) ? (schema.required as string[]) : []
}

type Fault = ReturnType<Checker['Errors']>[number]

/** The first fault that a person can act on: an unknown field before a wrong one. */
function errorOf(faults: readonly Fault[], inBody: boolean): TrailError {
  const unknown = faults.find(({ keyword }) => keyword === 'additionalProperties')
  if (unknown) return unknownField(unknown, inBody)
  const fault = faults.find(({ keyword }) => keyword !== 'anyOf' && keyword !== 'boolean') ?? faults[0]
  const pointer = fault ? pointerOf(fault) : ''
  const input = inBody ? pointer || '/' : pointer.slice(1)
  const code: ErrorCode = fault?.keyword === 'maxItems' ? 'too_many_items' : inBody ? 'body_invalid' : 'parameter_invalid'
  const subject = inBody ? `The body at ${input}` : `The parameter ${input}`
  return new TrailError(code, `${subject} ${expectationOf(faults, fault)}. The shape of every request stands in /openapi.json.`, {
    input,
  })
}

function unknownField(fault: Fault, inBody: boolean): TrailError {
  const names = (fault.params as { additionalProperties?: readonly string[] }).additionalProperties ?? []
  const name = printable(names[0] ?? '')
  const input = inBody ? `${fault.instancePath}/${name}` : name
  const code: ErrorCode = inBody ? 'field_unknown' : 'parameter_invalid'
  return new TrailError(
    code,
    `There is no ${inBody ? 'field' : 'parameter'} ${input} here. Leave it out, or check its spelling.`,
    { input },
  )
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
