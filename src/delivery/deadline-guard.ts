import { Readable } from 'node:stream'

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
  makeBytes: () => Promise<Buffer>,
  isLate: () => boolean,
  onComplete: () => void = () => {},
): Readable {
  const refuseIfLate = () => {
    if (isLate()) throw new DeadlinePassed('the deadline passed before the message was handed over')
  }
  async function* bytes() {
    refuseIfLate()
    yield await makeBytes()
    refuseIfLate()
    onComplete()
  }
  return Readable.from(bytes(), { objectMode: false })
}
