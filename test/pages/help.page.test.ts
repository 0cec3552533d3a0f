import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import type { RefusalCode } from '../../src/core/refusal.ts'
import { exampleNow, refusalExamples } from '../../src/http/exchange/refusal-examples.ts'
import { parametersOf, refusalShapes } from '../../src/http/exchange/refusals.ts'
import { catalogue } from '../../src/locales/catalogue.ts'
import { axeFindings, type Browser, chromiumPath, openBrowser } from '../support/browser.ts'
import { openRunningService, type RunningService } from '../support/running-service.ts'

const codes = Object.keys(refusalShapes) as RefusalCode[]
let service: RunningService

beforeAll(async () => {
  service = await openRunningService()
})
afterAll(() => service?.close())

const page = (path: string, headers: Record<string, string> = {}) =>
  fetch(service.url + path, { headers: { Accept: 'text/html', ...headers } })

test('every code has its page in every language, where its problem document points', async () => {
  for (const language of ['en', 'ar'] as const) {
    for (const code of codes) {
      const answer = await page(`/help/errors/${code}`, { 'Accept-Language': language })
      const html = await answer.text()
      expect([code, answer.status]).toEqual([code, 200])
      expect(html).toContain(catalogue(language).get(`refusal.${code}.title`)?.replaceAll("'", '&#39;'))
    }
  }
})

test('every parameter that a refusal can carry is explained', () => {
  const names = new Set(codes.flatMap((code) => Object.keys(parametersOf(refusalExamples[code], exampleNow))))
  for (const name of names) expect([...catalogue('en').keys()]).toContain(`help.parameter.${name}`)
})

test('a code that is none of ours has no page', async () => {
  for (const code of ['toString', 'no_such_code'])
    expect((await page(`/help/errors/${code}`)).status).toBe(404)
})

test('people get a page where something is declined, programs a problem document, and both the header', async () => {
  for (const [path, status] of [
    ['/nothing', 404],
    ['/healthz/more', 404],
  ] as const) {
    const html = await page(path)
    expect([html.status, html.headers.get('content-type')]).toEqual([status, 'text/html; charset=UTF-8'])
    expect(html.headers.get('countersign-error')).toMatch(/^route_unknown; kind="input"/)
    const json = await fetch(service.url + path)
    expect(json.headers.get('content-type')).toBe('application/problem+json')
  }
  const method = await fetch(`${service.url}/help`, {
    method: 'POST',
    headers: { Accept: 'text/html', Origin: service.url },
  })
  expect([method.status, method.headers.get('allow')]).toEqual([405, 'GET, HEAD'])
})

describe.skipIf(!chromiumPath)('in a browser', () => {
  let browser: Browser
  beforeAll(async () => {
    browser = await openBrowser()
  })
  afterAll(() => browser?.close())

  test.each([
    [
      'a header',
      'Countersign-Error: code_wrong; kind="verification"; attempts_left=4; request="r-1"',
      'Wrong code',
    ],
    [
      'a problem document',
      '{"code":"sends_limit","limit":"email","instance":"r-2"}',
      'Too many codes asked for',
    ],
    ['a line of a log', '… 429 countersign-error: resend_too_soon; kind="limit"', 'Sent a moment ago'],
  ])('%s that is pasted is explained', async (_what, text, title) => {
    const tab = await browser.page({ script: false })
    await tab.goto(`${service.url}/help/errors`)
    await tab.getByLabel('Paste what you received').fill(text)
    await tab.getByRole('button').click()
    expect(await tab.getByRole('heading', { level: 1 }).textContent()).toBe(title)
    expect(tab.url()).not.toContain('code_wrong')
    await tab.context().close()
  })

  test('what holds no code of ours is said so, and stays in the field', async () => {
    const tab = await browser.page()
    await tab.goto(`${service.url}/help/errors`)
    await tab.getByLabel('Paste what you received').fill('<script>alert(1)</script> {"code":"__proto__"}')
    await tab.getByRole('button').click()
    expect(await tab.title()).toMatch(/^Error: /)
    expect(await tab.getByLabel('Paste what you received').inputValue()).toContain('<script>')
    expect(await axeFindings(tab)).toEqual([])
    await tab.context().close()
  })
})
