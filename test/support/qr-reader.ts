import { execFileSync, type StdioOptions } from 'node:child_process'
import type { Locator } from 'playwright-core'
import { requirement } from './requirements.ts'

/** Where zbar is, which reads QR codes as a phone's camera does; undefined on a laptop without it. */
export const zbarPath = requirement('zbar')

/** What a reader makes of a picture of this part of a page, as it looks on the screen. */
export async function readByCamera(part: Locator): Promise<string> {
  const input = await part.screenshot({ animations: 'disabled' })
  const read = ['--quiet', '--raw', '--oneshot', '-S*.disable', '-Sqrcode.enable', 'PNG:-']
  // It complains that there is no desktop to tell.
  const stdio: StdioOptions = ['pipe', 'pipe', 'ignore']
  return execFileSync(zbarPath ?? '', read, { input, encoding: 'utf8', stdio }).replace(/\n$/, '')
}
