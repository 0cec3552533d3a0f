import { z } from 'zod'
import type { RefusalCode } from '../../src/core/refusal.ts'
import { deliveryCauses, leaseTime, retryOffsets, sendMargin } from '../../src/core/verifications/delivery.ts'
import { apiRefusals, type OperationId, operationRefusals } from '../../src/http/api/operation-refusals.ts'
import {
  approvalAnswer,
  attemptRequest,
  deliveryAnswer,
  issueRequest,
  problem,
  resendRequest,
  verificationAnswer,
} from '../../src/http/api/schemas.ts'
import { exampleNow, refusalExamples } from '../../src/http/refusal-examples.ts'
import { parametersOf, refusalShapes } from '../../src/http/refusals.ts'
import { catalogue } from '../../src/locales/catalogue.ts'
import { openMetrics } from '../../src/metrics.ts'
import { code, lengthOf, table } from './words.ts'

/** Every refusal of the API, or of the pages alone, with its status, kind, parameters and meaning. */
export function refusalsTable(where: 'api' | 'pages'): string {
  const english = catalogue('en')
  const rows = (Object.keys(refusalExamples) as RefusalCode[])
    .filter((name) => apiRefusals.has(name) === (where === 'api'))
    .map((name) => {
      const { status, kind } = refusalShapes[name]
      const parameters = Object.keys(parametersOf(refusalExamples[name], exampleNow)).map(code).join(', ')
      return [code(name), String(status), kind, parameters, english.get(`refusal.${name}.title`) ?? '']
    })
  return table(['code', 'status', 'kind', 'parameters', 'in a few words'], rows)
}

/** What one operation may refuse, by status. */
export function operationRefusalsTable(operation: OperationId): string {
  const byStatus = Map.groupBy(operationRefusals[operation], (name) => refusalShapes[name].status)
  const rows = [...byStatus]
    .sort(([one], [other]) => one - other)
    .map(([status, names]) => [String(status), names.map(code).join(', ')])
  return table(['status', 'codes'], rows)
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

A lease lasts ${lengthOf(leaseTime)}; nothing is handed over with less than ${lengthOf(sendMargin)} left.`
}

/** The metrics of our own; those of Node stand beside them. */
export async function metricsTable(): Promise<string> {
  const { registry } = openMetrics(async () => 0)
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
