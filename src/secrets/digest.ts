import { createHash } from 'node:crypto'

/** For telling two texts apart, never for a secret that could be guessed. */
export const sha256 = (text: string): Buffer => createHash('sha256').update(text).digest()

/** SHA-256 of a long text that comes in pieces; `hex` is that of the pieces so far. */
export function runningSha256(): { add(text: string): void; hex(): string } {
  const hash = createHash('sha256')
  return {
    add: (text) => {
      hash.update(text)
    },
    hex: () => hash.copy().digest('hex'),
  }
}
