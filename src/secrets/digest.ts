import { createHash } from 'node:crypto'

/** For telling two texts apart, never for a secret that could be guessed. */
export const sha256 = (text: string): Buffer => createHash('sha256').update(text).digest()
