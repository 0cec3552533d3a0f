import { request } from 'node:http'
import { connect } from 'node:net'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { type Browser, chromiumPath, openBrowser } from '../support/browser.ts'
import { codeOf, openRunningService, type RunningService } from '../support/running-service.ts'

let service: RunningService

beforeAll(async () => {
  service = await openRunningService()
})
afterAll(() => service?.close())

describe('who may see the built-in inbox', () => {
  test('a program on this machine, under any loopback name', async () => {
    await service.send({ email: 'ana@example.com' })
    const direct = await asked('/inbox?to=ana@example.com', { accept: 'application/json' })
    const other = await asked('/inbox', { accept: 'application/json', host: '127.0.0.1:1' })
    expect([direct.status, other.status]).toEqual([200, 200])
    expect(Object.keys(JSON.parse(direct.body).messages[0])).toEqual([
      'id',
      'channel',
      'to',
      'subject',
      'text',
      'html',
      'sent_at',
      'reference',
    ])
  })

  test.each([
    'forwarded',
    'via',
    'x-real-ip',
    'x-forwarded-for',
    'x-forwarded-host',
    'x-forwarded-proto',
    'x-forwarded',
    'x-original-host',
    'x-original-forwarded-for',
    'x-client-ip',
    'true-client-ip',
    'cf-connecting-ip',
    'cf-ray',
    'fastly-client-ip',
    'x-arr-log-id',
    'x-azure-fdid',
    'x-amzn-trace-id',
    'x-cloud-trace-context',
    'x-envoy-external-address',
    'fly-client-ip',
    'x-vercel-id',
    'ngrok-trace-id',
  ])('not a request with %s: it came through a proxy', async (header) => {
    for (const path of ['/inbox', '/inbox/stream', '/inbox/00000000-0000-0000-0000-000000000000/preview']) {
      const answer = await asked(path, { accept: 'application/json', [header]: 'for=192.0.2.1' })
      expect([answer.status, answer.refusal]).toEqual([404, 'route_unknown'])
    }
  })

  test('not a request in HTTP/1.0, as a proxy sends it where nothing else is set', async () => {
    const { port } = new URL(service.url)
    for (const [version, status] of [
      ['1.0', 404],
      ['1.1', 200],
    ] as const) {
      const socket = connect(Number(port), '127.0.0.1')
      socket.write(
        `GET /inbox HTTP/${version}\r\nHost: localhost:${port}\r\nAccept: application/json\r\nConnection: close\r\n\r\n`,
      )
      const parts: Buffer[] = []
      for await (const part of socket) parts.push(part)
      expect(Buffer.concat(parts).toString()).toMatch(new RegExp(`^HTTP/1\\.1 ${status} `))
    }
  })

  test.each(['cross-site', 'same-site'])('not what another page reads into itself: %s', async (site) => {
    for (const more of [
      {},
      { 'sec-fetch-mode': 'cors', 'sec-fetch-dest': 'empty' },
      { 'sec-fetch-mode': 'navigate', 'sec-fetch-dest': 'iframe' },
    ]) {
      const answer = await asked('/inbox', { accept: 'application/json', 'sec-fetch-site': site, ...more })
      expect([answer.status, answer.refusal]).toEqual([404, 'route_unknown'])
    }
    const link = { 'sec-fetch-site': site, 'sec-fetch-mode': 'navigate', 'sec-fetch-dest': 'document' }
    expect((await asked('/inbox', { accept: 'text/html', ...link })).status).toBe(200)
    for (const own of ['same-origin', 'none'])
      expect((await asked('/inbox', { accept: 'application/json', 'sec-fetch-site': own })).status).toBe(200)
  })

  test.each(['codes.example.com', 'localhost.example.com', '192.0.2.1'])(
    'not a request for the host "%s"',
    async (host) => {
      const answer = await asked('/inbox', { accept: 'application/json', host })
      expect([answer.status, answer.refusal]).toEqual([404, 'route_unknown'])
    },
  )

  test('a page under another loopback name is sent to the one that cookies belong to', async () => {
    const { port } = new URL(service.url)
    const answer = await asked('/inbox?to=a', { accept: 'text/html', host: `127.0.0.1:${port}` })
    expect([answer.status, answer.location]).toEqual([307, `${service.url}/inbox?to=a`])
  })

  test('pages under any other name are refused', async () => {
    const answer = await asked('/help', { accept: 'text/html', host: 'elsewhere.example.com' })
    expect([answer.status, answer.refusal]).toEqual([421, 'host_unknown'])
  })
})

test('a number is found in any way of writing it', async () => {
  await service.send({ phone: '+447400123457' })
  expect(await service.inbox('+44 7400 123457')).toHaveLength(1)
  expect(await service.inbox('+44 7400 123458')).toHaveLength(0)
})

describe.skipIf(!chromiumPath)('in a browser', () => {
  let browser: Browser
  beforeAll(async () => {
    browser = await openBrowser()
  })
  afterAll(() => browser?.close())

  test('a new message shows up by itself, and what is being typed stays', async () => {
    const page = await browser.page()
    await page.goto(`${service.url}/inbox`)
    await page.getByLabel('Only for this address or number').fill('half typ')
    await service.send({ email: 'live@example.com' })
    await page.getByRole('link', { name: /live@example\.com/ }).waitFor()
    expect(await page.getByLabel('Only for this address or number').inputValue()).toBe('half typ')
    expect(await page.getByRole('status').textContent()).toContain('This page has been updated')
    await page.context().close()
  })

  test('without a script a link shows the news', async () => {
    const page = await browser.page({ script: false })
    await page.goto(`${service.url}/inbox`)
    await service.send({ email: 'still@example.com' })
    await page.getByRole('link', { name: 'Show updates' }).click()
    await page.getByRole('link', { name: /still@example\.com/ }).waitFor()
    await page.context().close()
  })

  test('a mail shows its code, its text and how a mail program would show it', async () => {
    const { message } = await service.send({ email: 'reader@example.com' })
    const page = await browser.page({ permissions: ['clipboard-read', 'clipboard-write'] })
    await page.goto(`${service.url}/inbox`)
    await page.getByRole('link', { name: /reader@example\.com/ }).click()
    await page.getByRole('button', { name: 'Copy the code' }).click()
    expect(await page.evaluate('navigator.clipboard.readText()')).toBe(codeOf(message))
    const framed = page.frameLocator('iframe').getByRole('heading', { level: 1 })
    expect(await framed.textContent()).toContain('Your code for')
    await page.context().close()
  })

  test('a mail in its frame runs no script and reaches nothing', async () => {
    const { message } = await service.send({ email: 'framed@example.com' })
    const answer = await fetch(`${service.url}/inbox/${message.id}/preview`)
    const policy = answer.headers.get('content-security-policy')
    expect(policy).toMatch(/^sandbox; default-src 'none'/)
    expect(policy).not.toContain('script')
    const page = await browser.page()
    await page.goto(`${service.url}/inbox/${message.id}`)
    expect(await page.locator('iframe').getAttribute('sandbox')).toBe('')
    await page.context().close()
  })
})

type Asked = { status: number; body: string; refusal: string | undefined; location: string | undefined }

/** A request with exactly these headers: fetch does not let one set Host. */
async function asked(path: string, headers: Record<string, string>): Promise<Asked> {
  const { promise, resolve, reject } = Promise.withResolvers<Asked>()
  const { port } = new URL(service.url)
  const sent = request(
    { host: '127.0.0.1', port, path, headers: { host: `localhost:${port}`, ...headers } },
    (answer) => {
      let body = ''
      answer.setEncoding('utf8')
      answer.on('data', (chunk) => {
        body += chunk
      })
      answer.on('end', () =>
        resolve({
          status: answer.statusCode ?? 0,
          body,
          refusal: String(answer.headers['countersign-error'] ?? '').split(';')[0],
          location: answer.headers.location,
        }),
      )
    },
  )
  sent.once('error', reject)
  sent.end()
  return promise
}
