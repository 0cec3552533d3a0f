import { z } from 'zod'
import type { RefusalCode } from '../core/refusal.ts'
import { translate } from '../locales/catalogue.ts'
import { type ApiOperation, apiOperations, apiRefusals } from './api/reference.ts'
import { problem } from './api/schemas.ts'
import { exampleNow, refusalExamples } from './refusal-examples.ts'
import { parametersOf, refusalField, refusalShapes } from './refusals.ts'

export type JsonSchema = { [key: string]: unknown }

/** The parts of an OpenAPI 3.1 document that this one has. */
export type OpenApi = {
  openapi: '3.1.1'
  info: { title: string; version: string; description: string; license: { name: string; identifier: string } }
  servers: { url: string }[]
  security: { apiKey: [] }[]
  paths: Record<string, Record<string, OpenApiOperation>>
  components: {
    schemas: Record<string, JsonSchema>
    headers: Record<string, JsonSchema>
    securitySchemes: Record<string, JsonSchema>
  }
}

export type OpenApiOperation = {
  operationId: string
  summary: string
  description: string
  tags: string[]
  parameters: JsonSchema[]
  requestBody?: { required: boolean; content: Record<string, { schema: JsonSchema; example: object }> }
  responses: Record<string, OpenApiResponse>
}

export type OpenApiResponse = {
  description: string
  headers?: Record<string, JsonSchema>
  content: Record<
    string,
    { schema: JsonSchema; example?: object; examples?: Record<string, { summary: string; value: object }> }
  >
}

/** The description of the API, made from the schemas that check its requests. */
export function describeApi(publicUrl: string): OpenApi {
  const paths: OpenApi['paths'] = {}
  for (const operation of apiOperations) {
    const methods = paths[operation.path] ?? {}
    paths[operation.path] = methods
    methods[operation.method] = describeOperation(operation, publicUrl)
  }
  return {
    openapi: '3.1.1',
    info: {
      title: 'Countersign verification API',
      version: '1',
      description:
        'Send a code to an email address or phone, and check what was typed. Every refusal is a problem document (RFC 9457) with a stable code, which also stands in the Countersign-Error header.',
      license: { name: 'Apache-2.0', identifier: 'Apache-2.0' },
    },
    servers: [{ url: publicUrl }],
    security: [{ apiKey: [] }],
    paths,
    components: {
      schemas: namedSchemas(),
      headers: {
        'Countersign-Error': {
          description: 'The refusal as one structured field (RFC 9651): its code, and its parameters.',
          schema: { type: 'string' },
        },
        'Retry-After': {
          description: 'Seconds until the same request may go through.',
          schema: { type: 'integer', minimum: 1 },
        },
      },
      securitySchemes: {
        apiKey: { type: 'http', scheme: 'bearer', description: 'An API key of your application: csk_…' },
      },
    },
  }
}

function describeOperation(operation: ApiOperation, publicUrl: string): OpenApiOperation {
  const { body, answer } = operation
  return {
    operationId: operation.id,
    summary: operation.summary,
    description: operation.description,
    tags: ['Verifications'],
    parameters: [
      ...(operation.path.includes('{id}') ? [idParameter] : []),
      ...(operation.takesIdempotencyKey ? [idempotencyKey] : []),
    ],
    ...(body && {
      requestBody: {
        required: body.required,
        content: { 'application/json': { schema: reference(body.name), example: body.example } },
      },
    }),
    responses: {
      [answer.status]: {
        description: answer.description,
        content: { 'application/json': { schema: reference(answer.name), example: answer.example } },
      },
      ...describeRefusals(operation.refusals, publicUrl),
    },
  }
}

const reference = (name: string): JsonSchema => ({ $ref: `#/components/schemas/${name}` })

const idParameter: JsonSchema = {
  name: 'id',
  in: 'path',
  required: true,
  description: 'The id of the verification.',
  schema: { type: 'string', format: 'uuid' },
}

const idempotencyKey: JsonSchema = {
  name: 'Idempotency-Key',
  in: 'header',
  required: false,
  description:
    'A random word of yours, such as a uuid. For 24 hours the same key with the same body gives the first answer again and sends nothing twice.',
  schema: { type: 'string', minLength: 1, maxLength: 255 },
}

/** One answer a status, with each code that it may carry as an example. */
function describeRefusals(codes: readonly RefusalCode[], publicUrl: string): Record<string, OpenApiResponse> {
  const byStatus = Map.groupBy(codes, (code) => refusalShapes[code].status)
  return Object.fromEntries(
    [...byStatus]
      .sort(([one], [other]) => one - other)
      .map(([status, those]) => [
        status,
        {
          description: those
            .map((code) => `\`${code}\`: ${translate('en', `refusal.${code}.title`)}`)
            .join('. '),
          headers: {
            'Countersign-Error': { $ref: '#/components/headers/Countersign-Error' },
            ...(those.some((code) => 'retryAt' in refusalExamples[code]) && {
              'Retry-After': { $ref: '#/components/headers/Retry-After' },
            }),
          },
          content: {
            'application/problem+json': {
              schema: reference('Problem'),
              examples: Object.fromEntries(
                those.map((code) => [
                  code,
                  {
                    summary: translate('en', `refusal.${code}.title`),
                    value: exampleProblem(code, publicUrl),
                  },
                ]),
              ),
            },
          },
        },
      ]),
  )
}

const exampleRequest = '0f8e7d6c-5b4a-4392-8817-06f5e4d3c2b1'

/** A refusal as its problem document, with values made up. */
export function exampleProblem(code: RefusalCode, publicUrl: string): Record<string, unknown> {
  const parameters = parametersOf(refusalExamples[code], exampleNow)
  const words = Object.fromEntries(
    Object.entries(parameters).filter(
      (entry): entry is [string, string | number] => typeof entry[1] !== 'object',
    ),
  )
  return {
    type: `${publicUrl}/help/errors/${code}`,
    title: translate('en', `refusal.${code}.title`),
    status: refusalShapes[code].status,
    code,
    kind: refusalShapes[code].kind,
    detail: translate('en', `refusal.${code}.detail`, words),
    instance: exampleRequest,
    ...parameters,
  }
}

/** The same as it stands in a network trace. */
export const exampleField = (code: RefusalCode): string =>
  refusalField(refusalExamples[code], exampleRequest, exampleNow)

function namedSchemas(): Record<string, JsonSchema> {
  const code = problem.shape.code.description ?? ''
  const listed = problem.extend({ code: z.enum(apiRefusals).describe(code) })
  const named = new Map<string, JsonSchema>([['Problem', answerSchema(listed)]])
  for (const { body, answer } of apiOperations) {
    if (body) named.set(body.name, schemaOf(body.schema, 'input'))
    named.set(answer.name, answerSchema(answer.schema))
  }
  return Object.fromEntries([...named].sort(([one], [other]) => one.localeCompare(other)))
}

function schemaOf(schema: z.ZodType, io: 'input' | 'output'): JsonSchema {
  const { $schema: _, ...described } = z.toJSONSchema(schema, {
    io,
    override({ jsonSchema }) {
      // A format says it; the pattern beside it is a line of line noise.
      if (jsonSchema.format !== undefined) delete jsonSchema.pattern
      if (jsonSchema.maximum === Number.MAX_SAFE_INTEGER) delete jsonSchema.maximum
      if (jsonSchema.minimum === Number.MIN_SAFE_INTEGER) delete jsonSchema.minimum
      // An answer may get new fields; a client must not refuse it for that.
      if (io === 'output' && jsonSchema.additionalProperties === false) delete jsonSchema.additionalProperties
    },
  })
  return described
}

const answerSchema = (schema: z.ZodType): JsonSchema => schemaOf(schema, 'output')
