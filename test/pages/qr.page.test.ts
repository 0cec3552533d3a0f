import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { Qr } from '../../src/http/pages/components/qr.tsx'
import { newTotpSeed, totpAddress } from '../../src/secrets/totp.ts'
import { type Browser, chromiumPath, openBrowser } from '../support/browser.ts'
import { readByCamera, zbarPath } from '../support/qr-reader.ts'

let browser: Browser

describe.skipIf(!chromiumPath || !zbarPath)('a QR code', () => {
  beforeAll(async () => {
    browser = await openBrowser()
  })
  afterAll(() => browser?.close())

  test.each([
    ['a short name', 'Harbour', 'ana@example.org'],
    ['a name with a colon and an ampersand', 'Harbour: Büro & Co', 'ana+x@example.org'],
    ['a name in Arabic', 'مكتبة الميناء', '+447400123456'],
    ['the longest names', '港'.repeat(64), `${'a'.repeat(64)}@${'long.'.repeat(20)}example`],
  ])('of %s is read as it was meant, small as on a phone', async (_, issuer, account) => {
    const address = totpAddress(newTotpSeed(), issuer, account)
    const page = await browser.page({ viewport: { width: 320, height: 640 } })
    await page.setContent(`<style>body { margin: 0; background: #000 } svg { width: 280px }</style>
      ${Qr({ text: address, label: 'QR code' })}`)
    expect(await readByCamera(page.locator('svg.qr'))).toBe(address)
    await page.context().close()
  })
})
