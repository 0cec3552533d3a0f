import { Readable } from 'node:stream'
import type { Instant } from '../core/time.ts'

/** The moment came before the last byte was handed over, so the message was not completed. */
export class DeadlinePassed extends Error {}

/**
 * Lets a message's bytes through only until its deadline.
 *
 * Bytes are made when they are asked for, which a mail server does with its 354 answer. The deadline is judged then,
 * and once more after the last byte, before the end mark goes out: a process that was stopped in between (SIGSTOP, a
 * frozen virtual machine) wakes up with old answers in its socket, and no timer is sure to run before they are read.
 * A message without its end mark is dropped by the server (RFC 5321 §4.1.1.4).
 */
export function guardWithDeadline(
  source: Readable,
  deadline: Instant,
  clock: () => Instant,
  onComplete: () => void = () => {},
): Readable {
  async function* bytes() {
    const chunks: Buffer[] = []
    for await (const chunk of source) chunks.push(chunk)
    refuseAfter(deadline, clock)
    yield Buffer.concat(chunks)
    refuseAfter(deadline, clock)
    onComplete()
  }
  const guarded = Readable.from(bytes(), { objectMode: false })
  guarded.once('close', () => source.destroy())
  return guarded
}

function refuseAfter(deadline: Instant, clock: () => Instant): void {
  if (clock() >= deadline) throw new DeadlinePassed('the deadline passed before the message was handed over')
}
