import { existsSync, readFileSync, writeFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import type { Page } from 'playwright-core'
import { type Picture, readPng } from './png.ts'

const folder = fileURLToPath(new URL('../pages/screenshots/', import.meta.url))

/** A pixel counts as another where a channel differs by more than this, of 255: smoothing differs between machines. */
const tolerance = 60
/** So many of a picture's pixels may be others, for the same reason. */
const share = 0.005

/**
 * Holds a page against the picture that is kept of it; UPDATE_SCREENSHOTS=1 takes the picture anew.
 *
 * @returns undefined where they are alike, else what differs; the new picture is then beside the kept one
 */
export async function differenceFrom(page: Page, name: string): Promise<string | undefined> {
  const kept = `${folder}${name}.png`
  const taken = await page.screenshot({ fullPage: true, animations: 'disabled', caret: 'hide' })
  if (process.env.UPDATE_SCREENSHOTS === '1' || !existsSync(kept)) {
    writeFileSync(kept, taken)
    return process.env.CI === 'true' ? `There is no picture ${name}.png` : undefined
  }
  const before = readFileSync(kept)
  const difference = before.equals(taken) ? undefined : differenceOf(readPng(before), readPng(taken))
  if (difference !== undefined) writeFileSync(`${folder}${name}.new.png`, taken)
  return difference
}

function differenceOf(one: Picture, other: Picture): string | undefined {
  const size = ({ width, height }: Picture) => `${width} × ${height}`
  if (size(one) !== size(other)) return `It is ${size(other)} and was ${size(one)}`
  const pixels = one.width * one.height
  let others = 0
  for (let nth = 0; nth < pixels; nth += 1) if (differs(one, other, nth)) others += 1
  return others > share * pixels
    ? `${((others / pixels) * 100).toFixed(1)} % of its pixels are others`
    : undefined
}

function differs(one: Picture, other: Picture, nth: number): boolean {
  const [at, there] = [nth * one.pixelSize, nth * other.pixelSize]
  for (let channel = 0; channel < 3; channel += 1) {
    if (Math.abs(one.pixels[at + channel]! - other.pixels[there + channel]!) > tolerance) return true
  }
  return false
}
