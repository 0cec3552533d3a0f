import axe from 'axe-core'
import {
  type BrowserContext,
  type BrowserContextOptions,
  chromium,
  type Page,
  type Browser as Program,
} from 'playwright-core'
import { inject } from 'vitest'
import { chromiumPath, quiet } from './chromium.ts'

export { chromiumPath } from './chromium.ts'

export type Look = BrowserContextOptions & { language?: 'en' | 'ar'; script?: boolean }

/** A browser that keeps pages in memory, from which Back brings them as they were left: drivers turn that off. */
export const openRememberingBrowser = async () =>
  openPages(
    await chromium.launch({
      executablePath: chromiumPath ?? '',
      args: quiet,
      ignoreDefaultArgs: ['--disable-back-forward-cache'],
    }),
  )

/** The browser of the run; each page has a context, so cookies, of its own. */
export async function openBrowser() {
  return openPages(await chromium.connect(inject('browser') ?? ''))
}

function openPages(browser: Program) {
  return {
    async page(look: Look = {}): Promise<Page> {
      const context = await openContext(browser, look)
      looks.set(context, look)
      return context.newPage()
    },
    close: () => browser.close(),
  }
}

export type Browser = Awaited<ReturnType<typeof openBrowser>>

async function openContext(browser: Program, { language = 'en', script = true, ...options }: Look) {
  const context = await browser.newContext({
    locale: language,
    timezoneId: 'Europe/Lisbon',
    javaScriptEnabled: script,
    viewport: { width: 900, height: 800 },
    reducedMotion: 'reduce',
    ...options,
  })
  context.setDefaultTimeout(15_000)
  return context
}

const looks = new WeakMap<BrowserContext, Look>()
const inspections = new WeakMap<Program, Map<string, Promise<Page>>>()

/**
 * What axe finds wrong with a page as it stands, a line each. It looks at a copy, in a tab that looks at pages in the
 * same way: there axe is loaded once, and it runs where the page's own scripts are off.
 */
export async function axeFindings(page: Page): Promise<string[]> {
  const inspection = await inspectionOf(page)
  const viewport = page.viewportSize()
  if (viewport) await inspection.setViewportSize(viewport)
  const copy = await page.evaluate<string>(copyOfPage)
  return inspection.evaluate<string[]>(`(${inspect})(${JSON.stringify([copy, page.url()])})`)
}

async function inspectionOf(page: Page): Promise<Page> {
  const context = page.context()
  const browser = context.browser()
  if (browser === null) throw new Error('The page belongs to no browser.')
  const look = looks.get(context) ?? {}
  const { origin } = new URL(page.url())
  const { locale, language, colorScheme, forcedColors } = look
  const key = JSON.stringify([origin, locale, language, colorScheme, forcedColors])
  const opened = inspections.get(browser) ?? new Map<string, Promise<Page>>()
  inspections.set(browser, opened)
  const inspection = opened.get(key) ?? openInspection(browser, { ...look, script: true }, origin)
  opened.set(key, inspection)
  return inspection
}

/** Under the address of the pages, since their style is for pages there, but free of their policy for contents. */
async function openInspection(browser: Program, look: Look, origin: string): Promise<Page> {
  const context = await openContext(browser, look)
  const page = await context.newPage()
  const blank = `${origin}/inspection`
  await page.route(blank, (route) => route.fulfill({ contentType: 'text/html', body: '<!doctype html>' }))
  await page.goto(blank)
  await page.evaluate(axe.source)
  return page
}

/** The page as HTML without its scripts, and with what stands in its fields by now. */
const copyOfPage = `(() => {
  const copy = document.documentElement.cloneNode(true)
  const fields = [...document.querySelectorAll('input, textarea')]
  for (const [nth, field] of [...copy.querySelectorAll('input, textarea')].entries()) {
    const { type, checked, value } = fields[nth]
    if (type === 'checkbox' || type === 'radio') field.toggleAttribute('checked', checked)
    else if (type !== 'file') field.setAttribute('value', value)
  }
  for (const script of copy.querySelectorAll('script')) script.remove()
  // Where scripts are off it holds elements, which are to be seen in the tab too, where they are on.
  for (const noscript of copy.querySelectorAll('noscript')) {
    if (noscript.firstElementChild) noscript.replaceWith(...noscript.childNodes)
  }
  return copy.outerHTML
})()`

const rules = ['wcag2a', 'wcag2aa', 'wcag21a', 'wcag21aa', 'wcag22aa', 'best-practice']

/** Puts the copy in place of whatever was looked at before, waits for its style, and looks. */
const inspect = `async ([copy, url]) => {
  history.replaceState(null, '', url)
  const parsed = new DOMParser().parseFromString(copy, 'text/html')
  document.replaceChild(document.adoptNode(parsed.documentElement), document.documentElement)
  const styles = [...document.querySelectorAll('link[rel=stylesheet]')]
  await Promise.all(styles.map((link) => link.sheet ?? new Promise((loaded, failed) => {
    link.onload = loaded
    link.onerror = () => failed(new Error('No style at ' + link.href))
  })))
  const { violations } = await axe.run({ runOnly: ${JSON.stringify(rules)} })
  return violations.map(({ id, nodes }) => id + ': ' + nodes.map((node) => node.html).join(' | '))
}`

/** How far a page reaches beyond its window, sideways, in pixels. */
export const overflow = (page: Page): Promise<number> =>
  page.evaluate<number>('document.documentElement.scrollWidth - document.documentElement.clientWidth')
