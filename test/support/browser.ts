import axe from 'axe-core'
import { type BrowserContextOptions, chromium, type Page } from 'playwright-core'
import { requirement } from './requirements.ts'

/** Where Chromium is, or undefined on a laptop without it: then tests that look at pages are skipped. */
export const chromiumPath = requirement('chromium')

/** Nothing of the browser's own goes out to the network. */
const quiet = [
  '--no-sandbox',
  '--disable-gpu',
  '--disable-quic',
  '--no-first-run',
  '--disable-background-networking',
  '--disable-component-update',
  '--disable-sync',
]

export type Look = BrowserContextOptions & { language?: 'en' | 'ar'; script?: boolean }

/** A real browser; each page has a context, so cookies, of its own. */
export async function openBrowser({ remembersPages = false } = {}) {
  const browser = await chromium.launch({
    executablePath: chromiumPath ?? '',
    args: quiet,
    // Drivers turn off the memory from which Back brings pages as people left them.
    ...(remembersPages && { ignoreDefaultArgs: ['--disable-back-forward-cache'] }),
  })
  return {
    async page({ language = 'en', script = true, ...options }: Look = {}): Promise<Page> {
      const context = await browser.newContext({
        locale: language,
        timezoneId: 'Europe/Lisbon',
        javaScriptEnabled: script,
        viewport: { width: 900, height: 800 },
        reducedMotion: 'reduce',
        ...options,
      })
      context.setDefaultTimeout(15_000)
      return context.newPage()
    },
    close: () => browser.close(),
  }
}

export type Browser = Awaited<ReturnType<typeof openBrowser>>

/** What axe finds wrong with a page as it stands, a line each. */
export async function axeFindings(page: Page): Promise<string[]> {
  await page.evaluate(axe.source)
  return page.evaluate<string[]>(`
    axe.run({ runOnly: ${JSON.stringify(rules)} }).then(({ violations }) =>
      violations.map(({ id, nodes }) => id + ': ' + nodes.map((node) => node.html).join(' | ')))`)
}

const rules = ['wcag2a', 'wcag2aa', 'wcag21a', 'wcag21aa', 'wcag22aa', 'best-practice']

/** How far a page reaches beyond its window, sideways, in pixels. */
export const overflow = (page: Page): Promise<number> =>
  page.evaluate<number>('document.documentElement.scrollWidth - document.documentElement.clientWidth')
