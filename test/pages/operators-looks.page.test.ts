import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { readConfig } from '../../src/config.ts'
import { temporaryFolder } from '../support/countersign.ts'
import { openRunningService } from '../support/running-service.ts'

const mistakesOf = (settings: Record<string, string>): readonly string[] => {
  try {
    readConfig(settings, '/nonexistent')
    return []
  } catch (fault) {
    return (fault as { mistakes: string[] }).mistakes
  }
}

test("the operator's colour and logo are on every page, from our own origin, and a logo runs nothing", async () => {
  const logo = join(temporaryFolder(), 'logo.svg')
  writeFileSync(logo, '<svg xmlns="http://www.w3.org/2000/svg"><script>alert(1)</script></svg>')
  const service = await openRunningService({
    ACCENT_COLOR: '#8a1c5b',
    LOGO_FILE: logo,
    OPERATOR_NAME: 'A & B <i>',
  })
  const html = await (await fetch(`${service.url}/help`)).text()
  const style = await (await fetch(service.url + /\/assets\/app[^"]+css/.exec(html)?.[0])).text()
  const picture = await fetch(service.url + /\/assets\/logo[^"]+svg/.exec(html)?.[0])
  await service.close()
  expect(html).toContain('A &amp; B &lt;i&gt;')
  expect(style).toContain('--accent:#8a1c5b')
  expect(style.length).toBeLessThanOrEqual(15 * 1024)
  expect(picture.headers.get('content-type')).toBe('image/svg+xml')
  expect(picture.headers.get('content-security-policy')).toMatch(/default-src 'none'.*sandbox/)
})

test('a colour too faint to read is refused at start, with one that is not', () => {
  expect(mistakesOf({ ACCENT_COLOR: '#ffcc00' })[0]).toMatch(
    /ACCENT_COLOR #ffcc00 has a contrast of 1\.\d : 1 .*#\w{6} has it/,
  )
})

test('a logo that is missing, or is no picture, is refused at start', () => {
  const page = join(temporaryFolder(), 'logo.html')
  writeFileSync(page, '<!doctype html><script>alert(1)</script>')
  expect(mistakesOf({ LOGO_FILE: '/nonexistent.svg' })[0]).toContain("LOGO_FILE can't be read (ENOENT)")
  expect(mistakesOf({ LOGO_FILE: page })[0]).toContain('neither an SVG nor a PNG')
})
