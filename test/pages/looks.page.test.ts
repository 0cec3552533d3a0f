import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { type Browser, chromiumPath, openBrowser } from '../support/browser.ts'
import { openRunningService, type RunningService } from '../support/running-service.ts'
import { differenceFrom } from '../support/screenshots.ts'

let service: RunningService
let browser: Browser

/** What differs from one moment to the next is left out of the pictures. */
const timeless = 'time, .end bdi { visibility: hidden !important }'

describe.skipIf(!chromiumPath)('pages look as they did', () => {
  beforeAll(async () => {
    service = await openRunningService()
    browser = await openBrowser()
  })
  afterAll(async () => {
    await browser?.close()
    await service?.close()
  })

  test.each([
    ['components-light', '/docs/components', { colorScheme: 'light', viewport: { width: 720, height: 800 } }],
    [
      'components-dark-narrow',
      '/docs/components',
      { colorScheme: 'dark', viewport: { width: 320, height: 600 } },
    ],
    ['components-arabic', '/docs/components', { language: 'ar', viewport: { width: 480, height: 800 } }],
    [
      'components-high-contrast',
      '/docs/components',
      { forcedColors: 'active', viewport: { width: 480, height: 800 } },
    ],
    [
      'refusal-arabic',
      '/help/errors/sends_limit',
      { language: 'ar', colorScheme: 'dark', viewport: { width: 480, height: 800 } },
    ],
  ] as const)('%s', async (name, path, look) => {
    const page = await browser.page({ ...look, bypassCSP: true, deviceScaleFactor: 0.5 })
    await page.goto(service.url + path)
    await page.addStyleTag({ content: timeless })
    expect(await differenceFrom(page, name)).toBeUndefined()
    await page.context().close()
  })
})
