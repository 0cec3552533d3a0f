import { existsSync, readFileSync, writeFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import type { Page } from 'playwright-core'

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
  const compared = await compare(page, readFileSync(kept), taken)
  if (compared === undefined) return undefined
  writeFileSync(`${folder}${name}.new.png`, taken)
  return compared
}

/** The browser itself reads both pictures, in an empty page of its own. */
async function compare(page: Page, kept: Buffer, taken: Buffer): Promise<string | undefined> {
  const tab = await page.context().newPage()
  try {
    return await tab.evaluate(`(async () => {
      const read = async (base64) => {
        const image = new Image()
        image.src = 'data:image/png;base64,' + base64
        await image.decode()
        const canvas = new OffscreenCanvas(image.width, image.height)
        const context = canvas.getContext('2d')
        context.drawImage(image, 0, 0)
        return { width: image.width, height: image.height, data: context.getImageData(0, 0, image.width, image.height).data }
      }
      const [one, other] = [await read('${kept.toString('base64')}'), await read('${taken.toString('base64')}')]
      const size = ({ width, height }) => width + ' × ' + height
      if (size(one) !== size(other)) return 'It is ' + size(other) + ' and was ' + size(one)
      let others = 0
      for (let at = 0; at < one.data.length; at += 4) {
        const differs = [0, 1, 2].some((c) => Math.abs(one.data[at + c] - other.data[at + c]) > ${tolerance})
        if (differs) others += 1
      }
      const part = others / (one.data.length / 4)
      return part > ${share} ? (part * 100).toFixed(1) + ' % of its pixels are others' : undefined
    })()`)
  } finally {
    await tab.close()
  }
}
