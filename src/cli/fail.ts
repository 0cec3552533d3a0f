import { ConfigMistakes } from '../config.ts'
import { DatabaseUnusable } from '../database-unusable.ts'
import { EmbeddedError } from '../embedded/embedded-error.ts'
import { CannotListen } from '../listening.ts'
import { describeFault } from '../log.ts'

/** Ends a command that could not do its work: a sentence for what the operator can mend, a stack for what only we can. */
export function fail(fault: unknown): never {
  if (fault instanceof ConfigMistakes) {
    console.error(fault.message)
    for (const mistake of fault.mistakes) console.error(`  - ${mistake}`)
    for (const warning of fault.warnings) console.error(`  - ${warning}`)
    console.error('docs/configuration.md lists every setting.')
  } else if (sentences.some((kind) => fault instanceof kind)) console.error((fault as Error).message)
  else console.error(describeFault(fault).stack ?? fault)
  process.exit(1)
}

/** A command was used in a way that can't work; the message says what to do. */
export class CommandRefused extends Error {}

/** Faults whose message says all that an operator needs. */
const sentences = [CommandRefused, EmbeddedError, DatabaseUnusable, CannotListen]
