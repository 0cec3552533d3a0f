import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { axeFindings, type Browser, chromiumPath, openBrowser } from '../support/browser.ts'
import { codeOf, openRunningService, type RunningService, reportLink } from '../support/running-service.ts'

let service: RunningService

beforeAll(async () => {
  service = await openRunningService({ SUPPORT_ADDRESS: 'help@harbour.example' })
})
afterAll(() => service?.close())

const unknownLink = () => `${service.url}/report/${Buffer.alloc(32, 7).toString('base64url')}`

/** Opens the page and sends its form, as a browser does that keeps cookies. */
async function post(
  link: string,
  reference: string,
  headers: Record<string, string> = { Origin: service.url },
) {
  return send(await openForm(link), reference, headers)
}

type OpenForm = { link: string; form: string; Cookie: string }

async function openForm(link: string): Promise<OpenForm> {
  const page = await fetch(link)
  const Cookie = page.headers
    .getSetCookie()
    .map((line) => line.split(';')[0])
    .join('; ')
  const form = /name="form" value="([^"]+)"/.exec(await page.text())?.[1] ?? ''
  return { link, form, Cookie }
}

const send = (
  { link, form, Cookie }: OpenForm,
  reference: string,
  headers: Record<string, string> = { Origin: service.url },
) =>
  fetch(link, {
    method: 'POST',
    headers: { Cookie, ...headers },
    body: new URLSearchParams({ form, reference }),
  })

const check = (id: string, code: string) => service.api(`/${id}/attempts`, { code })

/** A page without what differs from request to request. */
const stable = (html: string, link: string) =>
  html
    .replaceAll(new URL(link).pathname, '')
    .replace(/data-made-at="\d+"/, '')
    .replace(/name="form" value="[^"]+"/, '')

test('opening the link changes nothing, however often a scanner does', async () => {
  const { verificationId, message } = await service.send({ email: 'scanned@example.com' })
  for (let times = 0; times < 3; times += 1) await fetch(reportLink(message))
  expect((await check(verificationId, codeOf(message))).status).toBe(200)
})

test('the page is the same whether there is such a message or not', async () => {
  const { message } = await service.send({ email: 'same@example.com' })
  const [known, unknown] = [reportLink(message), unknownLink()]
  const [shown, other] = await Promise.all([known, unknown].map(async (link) => (await fetch(link)).text()))
  expect(stable(shown ?? '', known)).toBe(stable(other ?? '', unknown))
  const [wrong, none] = await Promise.all([post(known, 'AAA-AA'), post(unknown, 'AAA-AA')])
  expect([wrong.status, none.status]).toEqual([422, 422])
  expect(stable(await wrong.text(), known)).toBe(stable(await none.text(), unknown))
})

test('the right reference ends the code at once, in any way of typing it, and saying it twice is fine', async () => {
  const { verificationId, message } = await service.send({ email: 'unasked@example.com' })
  const typed = ` ${message.reference.toLowerCase().replace('-', ' ')} `
  expect((await post(reportLink(message), typed)).status).toBe(200)
  const again = await post(reportLink(message), message.reference)
  expect(await again.text()).toContain('The code no longer works')
  const refused = await check(verificationId, codeOf(message))
  expect(refused.headers.get('countersign-error')).toMatch(/^verification_cancelled/)
})

test('of a code that had been used the page says so, and what to do', async () => {
  const { verificationId, message } = await service.send({ email: 'taken@example.com' })
  await check(verificationId, codeOf(message))
  const answer = await post(reportLink(message), message.reference)
  expect(await answer.text()).toContain('This code had been used')
})

test('after five wrong references in one browser the right one is refused there', async () => {
  const { verificationId, message } = await service.send({ email: 'guessed@example.com' })
  const guesser = await openForm(reportLink(message))
  for (let times = 0; times < 5; times += 1) await send(guesser, 'AAA-AA')
  expect((await send(guesser, message.reference)).status).toBe(422)
  expect((await check(verificationId, codeOf(message))).status).toBe(200)
})

test('wrong references in one browser use up nothing of another’s', async () => {
  const { message } = await service.send({ email: 'read@example.com' })
  for (let times = 0; times < 8; times += 1) await post(reportLink(message), 'AAA-AA')
  expect((await post(reportLink(message), message.reference)).status).toBe(200)
})

test.each([
  { 'Sec-Fetch-Site': 'cross-site' },
  { 'Sec-Fetch-Site': 'same-site' },
  { Origin: 'https://elsewhere.example.com' },
  { Origin: 'null' },
  {},
])('a form from elsewhere does nothing: %o', async (headers) => {
  const { verificationId, message } = await service.send({ email: `${Math.random()}@example.com` })
  const answer = await post(reportLink(message), message.reference, headers as Record<string, string>)
  expect([answer.status, answer.headers.get('countersign-error')?.split(';')[0]]).toEqual([
    403,
    'origin_refused',
  ])
  expect((await check(verificationId, codeOf(message))).status).toBe(200)
})

describe.skipIf(!chromiumPath)('in a browser', () => {
  let browser: Browser
  beforeAll(async () => {
    browser = await openBrowser()
  })
  afterAll(() => browser?.close())

  test.each([true, false])('a wrong reference, then the right one (script: %s)', async (script) => {
    const { message } = await service.send({ email: `browser-${script}@example.com` })
    const page = await browser.page({ script })
    await page.goto(reportLink(message))
    await page.getByLabel('Reference in the message').fill('ZZZ-ZZ')
    await page.getByRole('button').click()
    expect(await page.title()).toMatch(/^Error: /)
    const field = page.getByLabel('Reference in the message')
    expect(await field.inputValue()).toBe('ZZZ-ZZ')
    expect(await field.getAttribute('aria-invalid')).toBe('true')
    if (script) {
      expect(await page.evaluate("document.activeElement.classList.contains('errors')")).toBe(true)
      expect(await axeFindings(page)).toEqual([])
    }
    await page.getByRole('alert').getByRole('link').click()
    await field.fill(message.reference)
    await page.getByRole('button').click()
    expect(await page.getByRole('heading', { level: 1 }).textContent()).toBe('The code no longer works')
    if (script) expect(await axeFindings(page)).toEqual([])
    await page.context().close()
  })
})
