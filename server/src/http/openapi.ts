import fastifySwagger, { type SwaggerTransformObject } from '@fastify/swagger'
import type { App } from './app.ts'
import { ProblemSchema } from './schemas.ts'

type ApiDocument = Extract<Parameters<SwaggerTransformObject>[0], { openapiObject: unknown }>['openapiObject']

const TAGS = {
  tokens: 'Issue, find, change and end tokens',
  validation: 'Validate tokens, and the OAuth forms of the same',
  events: 'Hand in events and follow them',
  questions: 'Named questions with parameters and typed rows',
  metrics: 'Numbers with their numerator, denominator, window, watermark and completeness',
  findings: 'What detectors found, what people made of it, and how good they are',
  responses: 'What is done about findings, and what may happen by itself',
  leaks: 'Leaked tokens: reports, partners, and the uses since',
  imports: 'How far imports are',
  rules: 'Detection rules, their tests and back-tests',
  access: 'People, roles, and what needs a second person',
  session: 'Signing in to the dashboard',
  audit: 'the audit log: its state, entries and files',
  reports: 'Everyday reports on demand, as files',
  evidence: 'Evidence questions, packs with proofs, and reviews: evidence, never verdicts',
  privacy: 'Access, erasure and restriction of people, retention, holds and reveals',
  operations: 'For who runs the server',
} as const

/** Collects every route into one OpenAPI 3.1 document. Registered before any route. */
export async function describeApi(app: App, version: string): Promise<void> {
  await app.register(fastifySwagger, {
    openapi: {
      openapi: '3.1.0',
      info: {
        title: 'Tokentrail',
        version,
        description:
          'Security analytics for API tokens. Errors are problem details (RFC 9457); their `code` is the contract. Times in bodies and parameters are RFC 3339 or milliseconds since 1970.',
        license: { name: 'Apache-2.0', identifier: 'Apache-2.0' },
      },
      tags: Object.entries(TAGS).map(([name, description]) => ({ name, description })),
      components: {
        securitySchemes: {
          token: { type: 'http', scheme: 'bearer', description: 'an access token of Tokentrail that has a role' },
          session: {
            type: 'apiKey',
            in: 'cookie',
            name: '__Host-tokentrail',
            description: 'session of the dashboard; writes also send x-csrf-token',
          },
        },
      },
    },
    transform: ({ schema, url, route }) => {
      const permission = route.config?.permission
      const security = permission === undefined || permission === 'public' ? [] : [{ token: [] }, { session: [] }]
      return { schema: { ...schema, security, ...(permission === undefined ? {} : { 'x-permission': permission }) }, url }
    },
    transformObject: (document) => ('openapiObject' in document ? withProblems(document.openapiObject) : document.swaggerObject),
  })
}

/** Any route may refuse; how that looks is said once. */
function withProblems(document: Partial<ApiDocument>): Partial<ApiDocument> {
  const refusal = { $ref: '#/components/responses/Problem' }
  const content = { 'application/problem+json': { schema: { $ref: '#/components/schemas/Problem' } } }
  for (const operations of Object.values(document.paths ?? {})) {
    for (const operation of Object.values(operations ?? {})) {
      if (typeof operation === 'object' && 'responses' in operation)
        Object.assign(operation.responses ?? {}, { '4XX': refusal, '5XX': refusal })
    }
  }
  const { components } = document
  return Object.assign(document, {
    components: {
      ...components,
      schemas: { ...components?.schemas, Problem: ProblemSchema },
      responses: { Problem: { description: 'A refusal: problem details of RFC 9457', content } },
    },
  })
}

/** Serves the document. */
export function serveApiDescription(app: App): void {
  app.get(
    '/openapi.json',
    { config: { permission: 'public' }, schema: { tags: ['operations'], summary: 'This document' } },
    async (_request, reply) => reply.type('application/json; charset=utf-8').send(JSON.stringify(app.swagger())),
  )
}
