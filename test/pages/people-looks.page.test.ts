import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { makeAccount, password } from '../support/accounts.ts'
import { type Browser, chromiumPath, openBrowser } from '../support/browser.ts'
import { differenceFrom } from '../support/screenshots.ts'
import { openServedWorld, type ServedWorld } from '../support/served-world.ts'
import { type Eyes, openVisitor } from '../support/visitor.ts'

/** What differs from one run to the next is left out of the pictures. */
const timeless = 'time, .facts dd { visibility: hidden !important }'

const everyone = [
  { language: 'en', script: true, colorScheme: 'light', width: 1280 },
  { language: 'en', script: true, colorScheme: 'dark', width: 320 },
  { language: 'ar', script: true, colorScheme: 'light', width: 320 },
] as const satisfies Eyes[]

let world: ServedWorld
let browser: Browser

describe.skipIf(!chromiumPath)('signing in looks as it did', () => {
  beforeAll(async () => {
    world = await openServedWorld()
    browser = await openBrowser()
    await makeAccount(world, 'ana@example.org')
  }, 240_000)
  afterAll(async () => {
    await browser?.close()
    await world?.close()
  }, 120_000)

  test.each(everyone)(
    'in $language, $colorScheme, $width px',
    async (eyes) => {
      const visitor = await openVisitor(browser, world, eyes, { bypassCSP: true, deviceScaleFactor: 0.5 })
      const looks = async (step: string) => {
        await visitor.page.addStyleTag({ content: timeless })
        const name = `${step}-${eyes.language}-${eyes.colorScheme}-${eyes.width}`
        expect.soft(await differenceFrom(visitor.page, name), name).toBeUndefined()
      }
      await visitor.open('/signin')
      await visitor.typeInto('username', 'ana')
      await visitor.send()
      await looks('sign-in-declined')
      await visitor.typeInto('username', 'ana@example.org')
      await visitor.send()
      await looks('password')
      await visitor.typeInto('password', password)
      await visitor.send()
      await looks('choose')
      await visitor.send()
      await world.carried()
      await visitor.page.reload()
      await looks('waiting')
      await visitor.typeInto('code', 'abc')
      await visitor.send()
      await looks('waiting-declined')
      await visitor.leave()
    },
    300_000,
  )
})
