import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { Compile } from 'typebox/compile'
import { templateOf } from '../../src/http/app.ts'
import { type Front, openFront } from './support.ts'

let front: Front
let document: Document
beforeAll(async () => {
  front = await openFront()
  document = (await front.call(undefined, 'GET', '/openapi.json')).body
})
afterAll(() => front.close())

type Schema = Record<string, unknown>
type Operation = {
  tags: string[]
  summary: string
  security: Record<string, string[]>[]
  parameters?: { in: string; name: string; required?: boolean; schema: Schema }[]
  requestBody?: { content: Record<string, { schema: Schema }> }
  responses: Record<string, { description?: string; $ref?: string; content?: Record<string, { schema?: Schema }> }>
  'x-permission': string
}
type Document = {
  openapi: string
  info: { title: string; version: string }
  tags: { name: string }[]
  components: { securitySchemes: Record<string, unknown> }
  paths: Record<string, Record<string, Operation>>
}

function operations(): [string, Operation][] {
  return Object.entries(document.paths).flatMap(([path, item]) =>
    Object.entries(item).map(([method, operation]): [string, Operation] => [`${method.toUpperCase()} ${path}`, operation]),
  )
}

describe('/openapi.json', () => {
  test('is OpenAPI 3.1', () => {
    expect(document.openapi).toBe('3.1.0')
    expect(document.info).toMatchObject({ title: 'Tokentrail', version: '0.0.0-test' })
  })

  test('holds every route with its permission, and no other', () => {
    const served = front.app.routeTable
      .filter(({ method }) => method !== 'HEAD')
      .map(({ method, url, permission }) => `${method} ${templateOf(url)} ${permission}`)
    const described = operations().map(([name, operation]) => `${name} ${operation['x-permission']}`)
    expect(described.sort()).toEqual(served.sort())
  })

  test('every operation is whole: summary, known tag, declared path parameters, known security, answers', () => {
    const tags = new Set(document.tags.map(({ name }) => name))
    const schemes = new Set(Object.keys(document.components.securitySchemes))
    for (const [name, operation] of operations()) {
      expect([name, typeof operation.summary, operation.tags?.every((tag) => tags.has(tag))]).toEqual([name, 'string', true])
      const inPath = [...name.matchAll(/\{(\w+|\*)\}/g)].map((match) => match[1])
      const declared = (operation.parameters ?? [])
        .filter((parameter) => parameter.in === 'path')
        .map((parameter) => parameter.name)
      expect([name, declared]).toEqual([name, inPath])
      expect(operation.security.flatMap(Object.keys).every((scheme) => schemes.has(scheme))).toBe(true)
      expect(operation.security.length === 0).toBe(operation['x-permission'] === 'public')
      expect(Object.keys(operation.responses).length).toBeGreaterThan(0)
      for (const answer of Object.values(operation.responses))
        expect(answer.description ?? answer.$ref).toMatch(/^(?!#)|^#\/components\/responses\/Problem$/)
    }
  })

  test('every schema is JSON Schema of its own time: it compiles, and says nothing in the words of 3.0', () => {
    for (const [name, operation] of operations()) {
      for (const schema of schemasOf(operation)) {
        expect(() => Compile(schema as never)).not.toThrow()
        expect(name + JSON.stringify(schema)).not.toMatch(/"nullable"|"exclusiveM(in|ax)imum":(true|false)/)
      }
    }
  })

  test('every body refuses fields that it does not know', () => {
    for (const [name, operation] of operations()) {
      for (const { schema } of Object.values(operation.requestBody?.content ?? {})) {
        if (name.includes('/oauth2/')) continue
        expect([name, closedEverywhere(schema)]).toEqual([name, true])
      }
    }
  })
})

function schemasOf({ parameters = [], requestBody, responses }: Operation): Schema[] {
  const contents = [requestBody?.content ?? {}, ...Object.values(responses).map(({ content }) => content ?? {})]
  return [
    ...parameters.map(({ schema }) => schema),
    ...contents.flatMap((content) => Object.values(content).flatMap(({ schema }) => (schema ? [schema] : []))),
  ]
}

function closedEverywhere(schema: Schema): boolean {
  const parts = [
    schema['anyOf'],
    schema['allOf'],
    schema['items'] && [schema['items']],
    schema['properties'] && Object.values(schema['properties']),
  ]
  const inner = parts.flatMap((part) => (Array.isArray(part) ? (part as Schema[]) : []))
  const { additionalProperties: other } = schema
  const own = schema['type'] !== 'object' || other === false || (typeof other === 'object' && other !== null)
  return own && inner.every(closedEverywhere)
}
