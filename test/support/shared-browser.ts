import { chromium } from 'playwright-core'
import type { TestProject } from 'vitest/node'
import { chromiumPath, quiet } from './chromium.ts'

declare module 'vitest' {
  interface ProvidedContext {
    /** Where the browser of the run listens; undefined where there is none. */
    browser: string | undefined
  }
}

/** One Chromium for all page tests of the run: each test has contexts of its own in it. */
export default async function setup(project: TestProject): Promise<(() => Promise<void>) | undefined> {
  if (chromiumPath === undefined) {
    project.provide('browser', undefined)
    return undefined
  }
  const server = await chromium.launchServer({ executablePath: chromiumPath, args: quiet, host: '127.0.0.1' })
  project.provide('browser', server.wsEndpoint())
  return () => server.close()
}
