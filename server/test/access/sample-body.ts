/** The parts of a JSON schema that bodies of the API use. */
interface Schema {
  readonly type?: string
  readonly enum?: readonly unknown[]
  readonly const?: unknown
  readonly anyOf?: readonly Schema[]
  readonly allOf?: readonly Schema[]
  readonly properties?: Readonly<Record<string, Schema>>
  readonly required?: readonly string[]
  readonly items?: Schema
  readonly minItems?: number
  readonly minimum?: number
  readonly exclusiveMinimum?: number
  readonly minLength?: number
  readonly pattern?: string
}

/** A text for each pattern that a body asks for. */
const TEXTS: readonly (readonly [pattern: string, text: string])[] = [
  ['^[0-9]{6}$', '000000'],
  ['^[a-z0-9/-]{1,100}$', 'page'],
  ['^[0-9a-f]{64}$', 'a'.repeat(64)],
]

/** The smallest value that a schema takes. */
export function sampleOf(schema: Schema): unknown {
  if (schema.const !== undefined) return schema.const
  if (schema.enum) return schema.enum[0]
  const [first] = schema.anyOf ?? []
  if (first) return sampleOf(first)
  if (schema.allOf) return Object.assign({}, ...schema.allOf.map(sampleOf))
  switch (schema.type) {
    case 'object':
      return Object.fromEntries((schema.required ?? []).map((name) => [name, sampleOf(schema.properties?.[name] ?? {})]))
    case 'array':
      return Array.from({ length: schema.minItems ?? 0 }, () => sampleOf(schema.items ?? {}))
    case 'integer':
    case 'number':
      return schema.minimum ?? (schema.exclusiveMinimum ?? 0) + 1
    case 'boolean':
      return false
    default:
      return TEXTS.find(([pattern]) => pattern === schema.pattern)?.[1] ?? 'x'.repeat(Math.max(1, schema.minLength ?? 1))
  }
}
