import { sha256 } from '../secrets/digest.ts'

/** The row from which a name leads to its account. Not keyed: names stand beside it, and must be found if a ring is lost. */
export const usernameLookup = (name: string): Buffer => sha256(`username ${name}`)
