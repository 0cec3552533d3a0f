import type { BrowserContext, Page } from 'playwright-core'
import { expect } from 'vitest'
import type { Locale } from '../../src/core/verifications/message.ts'
import { directions, type SentenceKey, translate } from '../../src/locales/catalogue.ts'
import { axeFindings, type Browser, type Look, overflow } from './browser.ts'
import { newPerson, type Person } from './person.ts'
import { openRunningService, type RunningService } from './running-service.ts'
import type { Ground } from './world.ts'

/** How a person looks at pages. `script: false` is a browser whose scripts are off. */
export type Eyes = {
  language: Locale
  script: boolean
  colorScheme: 'light' | 'dark'
  width: 320 | 1280
  /** Left out where another reader of the same direction sees the same pages: the markup is the same, so axe's verdict is. */
  axe?: false
}

/** The service, and behind it a proxy that it trusts: so that each visitor has a network address of their own. */
export const openPeoplesService = (): Promise<RunningService> =>
  openRunningService({ TRUSTED_PROXIES: '127.0.0.1,::1', SUPPORT_ADDRESS: 'help@harbour.example' })

/** A service at which a browser and, without one, a person finds the same pages. */
type Visited = { url: string; app: Ground['app'] }

/** A page and the browser around it, as one person has it: own cookies, own network. Fields go by their names. */
export async function openVisitor(browser: Browser, service: Visited, eyes: Eyes, more: Look = {}) {
  const { language, script, colorScheme, width } = eyes
  const faults: string[] = []
  const ip = nextAddress()
  const first = await browser.page({
    script,
    colorScheme,
    locale: language,
    viewport: { width, height: 800 },
    extraHTTPHeaders: { 'X-Forwarded-For': ip },
    ...more,
  })
  const context = first.context()
  context.setDefaultTimeout(60_000)
  watch(context, service.url, faults)
  let page = first
  const says = (key: SentenceKey, values: Readonly<Record<string, string | number>> = {}) =>
    translate(language, key, values)

  /** Does what leads to another page, and waits until that page is there whole. */
  async function follow(act: () => Promise<unknown>): Promise<void> {
    await Promise.all([page.waitForEvent('load'), act()])
  }

  /** The same browser, told to send forms without showing a page. */
  async function byHand(): Promise<Person> {
    const cookies = (await context.cookies()).map(({ name, value }): [string, string] => [name, value])
    const userAgent = await page.evaluate<string>('navigator.userAgent')
    const headers = { 'Accept-Language': language, 'User-Agent': userAgent }
    return newPerson(service, { url: service.url, ip, headers, cookies })
  }

  async function takeCookies(from: ReadonlyMap<string, string>): Promise<void> {
    const had = await context.cookies()
    const news = [...from].filter(
      ([name, value]) => !had.some((one) => one.name === name && one.value === value),
    )
    for (const { name } of had.filter((one) => !from.has(one.name))) await context.clearCookies({ name })
    await context.addCookies(
      news.map(([name, value]) => ({ name, value, url: service.url, httpOnly: true, sameSite: 'Lax' })),
    )
  }

  const textOf = async (part: string) => (await page.locator(part).textContent()) ?? ''

  return {
    says,
    get page(): Page {
      return page
    },
    open: async (path: string) => {
      await page.goto(new URL(path, service.url).href)
    },
    /**
     * Goes a way that is looked at elsewhere: the same forms, sent by this browser without showing a page. Then it shows
     * the page at which that has ended.
     */
    async skip(way: (person: Person) => Promise<unknown>) {
      const person = await byHand()
      await way(person)
      await takeCookies(person.cookies)
      await page.goto(service.url + person.page.path)
    },
    /** Another window of the same browser; what comes after happens in it. */
    async openWindow() {
      page = await context.newPage()
    },
    /** Back to the window that was opened first, second, … */
    async turnTo(nth: number) {
      page = context.pages()[nth] as Page
      await page.bringToFront()
    },
    follow,
    typeInto: (field: string, text: string) => page.locator(`#${field}`).fill(text),
    /** The one main button of the form. */
    send: () => follow(() => page.locator('form.card button[type=submit]').click()),
    way: (name: SentenceKey) => follow(() => page.locator('.ways').getByText(says(name)).click()),
    heading: async () => (await textOf('h1')).replaceAll('\u00a0', ' '),
    text: () => textOf('main'),
    /** Another tab of the same window, with the same cookies; the one before stays as it is. */
    async newTab() {
      page = await context.newPage()
    },
    backTo(tab: Page) {
      page = tab
    },
    async closeWindow() {
      await page.close()
      page = await context.newPage()
    },
    /** Holds a page to what every page promises, in whatever state it is. */
    async looksRight(state: string, kind: 'fine' | 'error' = 'fine') {
      expect.soft(await defects(page, eyes, kind), `${state} in ${describeEyes(eyes)}`).toEqual([])
      expect.soft(faults.splice(0), `${state} in ${describeEyes(eyes)}`).toEqual([])
    },
    leave: async () => {
      await context.close()
    },
  }
}

export type Visitor = Awaited<ReturnType<typeof openVisitor>>

export const describeEyes = ({ language, script, colorScheme, width }: Eyes): string =>
  `${language}, ${script ? 'with' : 'without'} scripts, ${colorScheme}, ${width} px`

let visitors = 0
/** Each in a /24 of its own: what one does never counts against another. */
const nextAddress = (): string => {
  visitors += 1
  return `10.${128 + (visitors >> 8)}.${visitors & 255}.7`
}

/** Requests to anybody else, and what a console complains of. That the page itself is a 4xx is no complaint. */
function watch(context: BrowserContext, url: string, faults: string[]): void {
  context.on('request', (request) => {
    if (!request.url().startsWith(`${url}/`)) faults.push(`asked ${request.url()}`)
  })
  context.on('weberror', (fault) => faults.push(`threw ${fault.error().message}`))
  context.on('console', (line) => {
    const ownStatus = line.text().startsWith('Failed to load resource') && line.text().includes('status of 4')
    const aboutPage = line.location().url === line.page()?.url()
    if (line.type() === 'error' && !(ownStatus && aboutPage)) faults.push(line.text())
  })
}

async function defects(page: Page, eyes: Eyes, kind: 'fine' | 'error'): Promise<string[]> {
  const found: string[] = []
  const { lang, dir, title } = await page.evaluate<{ lang: string; dir: string; title: string }>(
    '({ lang: document.documentElement.lang, dir: document.documentElement.dir, title: document.title })',
  )
  if (lang !== eyes.language || dir !== directions[eyes.language]) found.push(`is ${lang}, ${dir}`)
  const says = translate(eyes.language, 'page.error')
  if (title.startsWith(says) !== (kind === 'error')) found.push(`has the title "${title}"`)
  if (eyes.axe !== false) found.push(...(await axeFindings(page)))
  const size = page.viewportSize()
  // The reader's own width first: changing it is work for the browser.
  for (const width of eyes.width === 320 ? [320, 1280] : [1280, 320]) {
    if (page.viewportSize()?.width !== width) await page.setViewportSize({ width, height: 800 })
    const over = await overflow(page)
    if (over > 0) found.push(`is ${over} px wider than ${width} px`)
  }
  if (size) await page.setViewportSize(size)
  return found
}

/** Six or eight digits that are not these. */
export const otherThan = (code: string): string =>
  code.replace(/\d$/, (last) => String((Number(last) + 1) % 10))
