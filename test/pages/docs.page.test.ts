import { execFile } from 'node:child_process'
import { mkdtempSync, rmSync, symlinkSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { promisify } from 'node:util'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { apiOperations } from '../../src/http/api/reference.ts'
import { problem } from '../../src/http/api/schemas.ts'
import type { JsonSchema, OpenApi } from '../../src/http/openapi.ts'
import { firstSteps } from '../../src/http/pages/docs/curl.ts'
import { codeOf, openRunningService, type RunningService } from '../support/running-service.ts'

let service: RunningService
let api: OpenApi

beforeAll(async () => {
  service = await openRunningService()
  api = (await (await fetch(`${service.url}/openapi.json`)).json()) as OpenApi
})
afterAll(() => service?.close())

const operations = () =>
  Object.entries(api.paths).flatMap(([path, methods]) =>
    Object.entries(methods).map(([method, operation]) => ({ path, method, operation })),
  )

describe('the description at /openapi.json', () => {
  test('lists the codes that a problem may have, each with its help page', async () => {
    const properties = api.components.schemas.Problem?.properties as Record<string, JsonSchema> | undefined
    const codes = properties?.code?.enum as string[]
    const named = operations().flatMap(({ operation }) =>
      Object.values(operation.responses).flatMap(({ content }) =>
        Object.keys(content['application/problem+json']?.examples ?? {}),
      ),
    )
    expect(codes.toSorted()).toEqual([...new Set([...named, 'route_unknown', 'method_unknown'])].sort())
    const missing = await fetch(`${service.url}/v1/none`, { headers: { Accept: 'application/json' } })
    expect(codes).toContain(((await missing.json()) as { code: string }).code)
  })

  test('is OpenAPI 3.1, and every reference in it leads somewhere', () => {
    expect(api.openapi).toMatch(/^3\.1\./)
    for (const name of referencesIn(api)) {
      const found = name
        .slice(2)
        .split('/')
        .reduce<unknown>((part, key) => (part as JsonSchema | undefined)?.[key], api)
      expect([name, found]).not.toEqual([name, undefined])
    }
  })

  test('names each operation once, and declares each parameter of its path', () => {
    const ids = operations().map(({ operation }) => operation.operationId)
    expect(new Set(ids).size).toBe(ids.length)
    for (const { path, operation } of operations()) {
      const declared = operation.parameters.filter((one) => one.in === 'path').map((one) => one.name)
      expect(declared).toEqual([...path.matchAll(/\{(\w+)\}/g)].map(([, name]) => name))
    }
  })

  test('has an answer of each status as a problem document with its examples and header', () => {
    for (const { operation } of operations()) {
      for (const [status, answer] of Object.entries(operation.responses)) {
        if (status.startsWith('2')) continue
        expect(answer.headers).toHaveProperty('Countersign-Error')
        const examples = Object.entries(answer.content['application/problem+json']?.examples ?? {})
        expect(examples.length).toBeGreaterThan(0)
        for (const [code, { value }] of examples) {
          expect(problem.parse(value)).toMatchObject({ code, status: Number(status) })
        }
      }
    }
  })

  test('has examples that its own schemas accept', () => {
    for (const { body, answer } of apiOperations) {
      if (body) body.schema.parse(body.example)
      answer.schema.parse(answer.example)
    }
  })

  test('lets answers have new fields one day, and requests none that are unknown', () => {
    expect(api.components.schemas.Verification).not.toHaveProperty('additionalProperties')
    expect(api.components.schemas.IssueRequest).toHaveProperty('additionalProperties', false)
  })
})

describe('the API answers as it is described', () => {
  const described = (id: string) => {
    const operation = apiOperations.find((one) => one.id === id)
    if (operation === undefined) throw new Error(`No operation ${id}.`)
    return operation
  }
  const get = (path: string, key = service.key) =>
    fetch(`${service.url}/v1/verifications${path}`, { headers: { Authorization: `Bearer ${key}` } })

  /** The body of an answer, held against the schema of its operation or of problems. */
  async function conforming(id: string, answer: Response): Promise<Record<string, unknown>> {
    const operation = described(id)
    const body = (await answer.json()) as Record<string, unknown>
    if (answer.ok) {
      expect(answer.status).toBe(operation.answer.status)
      operation.answer.schema.parse(body)
      return body
    }
    const told = problem.parse(body)
    expect(operation.refusals).toContain(told.code)
    expect(told.status).toBe(answer.status)
    expect(answer.headers.get('countersign-error')).toMatch(new RegExp(`^${told.code}; kind="${told.kind}"`))
    return body
  }

  test('from the first code to its end', async () => {
    const to = { email: 'described@example.com' }
    const key = { 'Idempotency-Key': 'described-1' }
    const issued = await conforming('issueVerification', await service.api('', { to, reference: 'x' }, key))
    const { message } = await service.send({ email: 'other@example.com' })
    await conforming('issueVerification', await service.api('', { to, length: 8 }, key))
    await conforming('readVerification', await get(`/${issued.id}`))
    await conforming('checkCode', await service.api(`/${issued.id}/attempts`, { code: 'abc' }))
    await conforming('resendCode', await service.api(`/${issued.id}/sends`, {}))
    await conforming('cancelVerification', await service.api(`/${issued.id}/cancellation`, {}))
    await conforming('checkCode', await service.api(`/${issued.id}/attempts`, { code: codeOf(message) }))
  })

  test('an approval and a wrong code', async () => {
    const { verificationId, message } = await service.send({ email: 'approved@example.com' })
    const wrong = String((Number(codeOf(message)) + 1) % 1_000_000).padStart(6, '0')
    expect(
      await conforming('checkCode', await service.api(`/${verificationId}/attempts`, { code: wrong })),
    ).toMatchObject({
      code: 'code_wrong',
      attempts_left: 4,
    })
    await conforming('checkCode', await service.api(`/${verificationId}/attempts`, { code: codeOf(message) }))
    await conforming('cancelVerification', await service.api(`/${verificationId}/cancellation`, {}))
    await conforming('resendCode', await service.api(`/${verificationId}/sends`, {}))
  })

  test('what is wrong with a request', async () => {
    await conforming('issueVerification', await service.api('', { to: { email: 'no address' } }))
    await conforming('issueVerification', await service.api('', { to: { phone: '123' } }))
    await conforming('issueVerification', await service.api('', { unknown: true }))
    await conforming('issueVerification', await service.api('', {}, { 'Content-Type': 'text/plain' }))
    await conforming('issueVerification', await service.api('', {}, { Authorization: '' }))
    await conforming('readVerification', await get('/00000000-0000-0000-0000-000000000000'))
    await conforming('readVerification', await get('/no-uuid', 'csk_0'))
  })
})

test('the first steps of /docs work as they are pasted, one after the other', async () => {
  const html = await (await fetch(`${service.url}/docs`)).text()
  const folder = mkdtempSync(join(tmpdir(), 'countersign-steps-'))
  symlinkSync(service.dataDir, join(folder, 'data'))
  const steps = firstSteps(service.url, true).map(({ shell }) => shell)
  for (const step of steps)
    expect(html).toContain(
      step
        .replaceAll('&', '&amp;')
        .replaceAll('"', '&quot;')
        .replaceAll("'", '&#39;')
        .replaceAll('>', '&gt;'),
    )
  // The one pause is for the message, which a person takes longer to look for.
  const script = [steps[0], steps[1], 'sleep 1', ...steps.slice(2)].join('\n')
  const path = `${dirname(process.execPath)}:${process.env.PATH}`
  const { stdout } = await promisify(execFile)('sh', ['-c', script], { cwd: folder, env: { PATH: path } })
  expect(JSON.parse(stdout)).toMatchObject({ status: 'approved' })
  rmSync(folder, { recursive: true })
})

function referencesIn(value: unknown): string[] {
  if (typeof value !== 'object' || value === null) return []
  return Object.entries(value).flatMap(([key, part]) =>
    key === '$ref' && typeof part === 'string' ? [part] : referencesIn(part),
  )
}
