import { z } from 'zod'
import type { RefusalCode } from '../../src/core/refusal.ts'
import {
  answerWait,
  deliveryCauses,
  greetingWaits,
  leaseTime,
  retryOffsets,
  sendMargin,
  slowLasts,
  tryLimit,
} from '../../src/core/verifications/delivery.ts'
import {
  approvalAnswer,
  attemptRequest,
  deliveryAnswer,
  issueRequest,
  problem,
  resendRequest,
  verificationAnswer,
} from '../../src/http/api/schemas.ts'
import { exampleNow, refusalExamples } from '../../src/http/exchange/refusal-examples.ts'
import { parametersOf, refusalShapes } from '../../src/http/exchange/refusals.ts'
import { catalogue } from '../../src/locales/catalogue.ts'
import { openMetrics } from '../../src/metrics.ts'
import { code, lengthOf, table } from './words.ts'

/** What only pages refuse: an application never gets these. */
const onlyPages: ReadonlySet<RefusalCode> = new Set([
  ...([
    'host_unknown',
    'origin_refused',
    'message_unknown',
    'reference_wrong',
    'username_malformed',
  ] as const),
  ...([
    'password_short',
    'password_long',
    'password_common',
    'password_own_words',
    'password_digits',
  ] as const),
  ...(['password_wrong', 'sign_in_wrong', 'password_is_code', 'passwords_limit', 'choice_missing'] as const),
  ...(['flow_ended', 'step_elsewhere', 'form_stale', 'invitation_ended', 'accounts_full'] as const),
  ...(['item_exists', 'items_full', 'must_remain', 'changes_frozen'] as const),
])

/** Every refusal of the API or of the pages, with its status, kind, parameters and meaning. */
export function refusalsTable(where: 'api' | 'pages'): string {
  const english = catalogue('en')
  const rows = (Object.keys(refusalExamples) as RefusalCode[])
    .filter((name) => onlyPages.has(name) === (where === 'pages'))
    .map((name) => {
      const { status, kind } = refusalShapes[name]
      const parameters = Object.keys(parametersOf(refusalExamples[name], exampleNow)).map(code).join(', ')
      return [code(name), String(status), kind, parameters, english.get(`refusal.${name}.title`) ?? '']
    })
  return table(['code', 'status', 'kind', 'parameters', 'title'], rows)
}

const bodies = {
  issueRequest,
  attemptRequest,
  resendRequest,
  verificationAnswer,
  deliveryAnswer,
  approvalAnswer,
  problem,
}

type Property = {
  type?: string
  description?: string
  default?: unknown
  const?: unknown
  enum?: string[]
  anyOf?: Property[]
  properties?: Record<string, Property>
  required?: string[]
  items?: Property
  maxLength?: number
  format?: string
}

/** The fields of a body, made of the schema that checks or types it. */
export function fieldsTable(name: keyof typeof bodies): string {
  const io = name.endsWith('Request') ? 'input' : 'output'
  const schema = z.toJSONSchema(bodies[name], { io, unrepresentable: 'any' }) as Property
  const rows = Object.entries(schema.properties ?? {}).map(([field, property]) => {
    const needed = schema.required?.includes(field) ? 'always' : ''
    const standard = property.default === undefined ? '' : ` Default: ${property.default}.`
    return [code(field), shapeOf(property), needed, `${property.description ?? ''}${standard}`.trim()]
  })
  return table(['field', 'type', io === 'input' ? 'required' : 'present', ''], rows)
}

function shapeOf(property: Property): string {
  if (property.anyOf !== undefined) return property.anyOf.map(shapeOf).join(' or ')
  if (property.const !== undefined) return code(JSON.stringify(property.const))
  if (property.enum !== undefined) return property.enum.map((value) => code(`"${value}"`)).join(', ')
  if (property.type === 'array')
    return property.items?.properties ? 'list of objects' : `list of ${shapeOf(property.items ?? {})}`
  if (property.properties !== undefined) return code(`{ ${Object.keys(property.properties).join(', ')} }`)
  if (property.format === 'date-time') return 'moment'
  if (property.format === 'uuid') return 'id'
  if (property.type === 'null') return 'null'
  const longest = property.maxLength === undefined ? '' : `, at most ${property.maxLength}`
  return `${property.type === 'string' ? 'text' : (property.type ?? '')}${longest}`
}

/** Every cause of a failed try, with what its reader is told. */
export function causesTable(): string {
  const english = catalogue('en')
  return table(
    ['cause', 'what people are told'],
    deliveryCauses.map((cause) => [code(cause), english.get(`deliveryCause.${cause}`) ?? '']),
  )
}

/** When a message is tried again. */
export function retriesTable(): string {
  const rows = [0, ...retryOffsets].map((offset, index) => [
    String(index + 1),
    offset === 0 ? 'at once' : `after ${lengthOf(offset)}`,
  ])
  return `${table(['try', 'counted from when it was queued'], rows)}

A lease lasts ${lengthOf(leaseTime)}; nothing is handed over with less than ${lengthOf(sendMargin)} left.

| a try | takes at most |
| --- | --- |
| until its last byte is handed over | ${lengthOf(tryLimit)} |
| waiting for a greeting, the first try | ${lengthOf(greetingWaits.first)} |
| waiting for a greeting, later ones | ${lengthOf(greetingWaits.later)} |
| waiting for the answer to a whole message | what is left of the code's life, or ${lengthOf(answerWait)} |
| a domain that kept one waiting has a single place for | ${lengthOf(slowLasts)} |`
}

/** The metrics of our own; those of Node stand beside them. */
export async function metricsTable(): Promise<string> {
  const { registry } = openMetrics(
    async () => 0,
    () => 0,
  )
  const ours = (await registry.getMetricsAsJSON()).filter((metric) => metric.name.startsWith('countersign_'))
  const labels = new Map(
    registry
      .getMetricsAsArray()
      .map((metric) => [metric.name, 'labelNames' in metric ? (metric.labelNames as string[]) : []]),
  )
  return table(
    ['metric', 'kind', 'labels', 'what it is'],
    ours.map(({ name, type, help }) => [
      code(name),
      String(type),
      (labels.get(name) ?? []).map(code).join(', '),
      help,
    ]),
  )
}
