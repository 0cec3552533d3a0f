import { inflateSync } from 'node:zlib'

/** A picture as rows of pixels, each of so many bytes, red, green and blue first. */
export type Picture = { width: number; height: number; pixelSize: 3 | 4; pixels: Buffer }

const signature = 8
const pixelSizes: Record<number, 3 | 4 | undefined> = { 2: 3, 6: 4 }

/** Reads a PNG as browsers write them: 8 bits a channel, in colour, not interlaced (PNG, third edition, sections 5, 7 and 9). */
export function readPng(file: Buffer): Picture {
  const data: Buffer[] = []
  let header: Buffer = Buffer.alloc(0)
  for (let at = signature; at < file.length; ) {
    const length = file.readUInt32BE(at)
    const type = file.toString('latin1', at + 4, at + 8)
    const content = file.subarray(at + 8, at + 8 + length)
    if (type === 'IHDR') header = content
    if (type === 'IDAT') data.push(content)
    at += 12 + length
  }
  const [width, height] = [header.readUInt32BE(0), header.readUInt32BE(4)]
  const [depth, colour = -1, , , interlaced] = header.subarray(8)
  const pixelSize = pixelSizes[colour]
  if (pixelSize === undefined || depth !== 8 || interlaced !== 0) throw new Error('A PNG of another make.')
  return {
    width,
    height,
    pixelSize,
    pixels: unfilter(inflateSync(Buffer.concat(data)), width * pixelSize, height, pixelSize),
  }
}

/** Each row begins with its filter: how its bytes were told by those to the left, above, and above to the left. */
function unfilter(filtered: Buffer, rowSize: number, height: number, pixelSize: number): Buffer {
  const pixels = Buffer.alloc(rowSize * height)
  for (let row = 0; row < height; row += 1) {
    const filter = filtered[row * (rowSize + 1)]
    const from = row * (rowSize + 1) + 1
    const to = row * rowSize
    for (let x = 0; x < rowSize; x += 1) {
      const left = x >= pixelSize ? pixels[to + x - pixelSize]! : 0
      const above = row > 0 ? pixels[to + x - rowSize]! : 0
      const corner = row > 0 && x >= pixelSize ? pixels[to + x - rowSize - pixelSize]! : 0
      pixels[to + x] = filtered[from + x]! + predicted(filter, left, above, corner)
    }
  }
  return pixels
}

function predicted(filter: number | undefined, left: number, above: number, corner: number): number {
  switch (filter) {
    case 0:
      return 0
    case 1:
      return left
    case 2:
      return above
    case 3:
      return (left + above) >> 1
    case 4:
      return paeth(left, above, corner)
  }
  throw new Error(`A PNG has no filter ${filter}.`)
}

/** Of the three the one nearest to left + above - corner. */
function paeth(left: number, above: number, corner: number): number {
  const toLeft = Math.abs(above - corner)
  const toAbove = Math.abs(left - corner)
  const toCorner = Math.abs(left + above - 2 * corner)
  if (toLeft <= toAbove && toLeft <= toCorner) return left
  return toAbove <= toCorner ? above : corner
}
