import { write } from 'node:fs'
import { setTimeout as sleep } from 'node:timers/promises'
import { promisify } from 'node:util'

/** So many UTF-16 units of lines wait to be written; of what comes beyond, each line is dropped. */
const mostWaiting = 1024 * 1024
/** A pipe that is full takes more after a moment. */
const busyFor = 100
/** A write that takes longer than this may never end: whoever reads the pipe has stopped. */
const stuckAfter = 1000

/**
 * Where the lines of a log go. They are written beside everything else: neither a full disk nor a reader that has stopped
 * holds up or ends the process. What can't be written is dropped and counted.
 */
export type LogLines = {
  write(line: string): void
  readonly dropped: number
  /** Whether a write hangs: a process that exits would wait for it for ever. */
  readonly isStuck: boolean
  /** Waits until all is written, at most so many milliseconds. */
  flush(within: number): Promise<void>
  /** Called with the number of dropped lines once lines can be written again. */
  onResumed(listener: (dropped: number) => void): void
}

const writeTo = promisify(write)

export function openLogLines(fd: number): LogLines {
  let waiting: string[] = []
  let size = 0
  let dropped = 0
  let unsaid = 0
  let isLineOpen = false
  let writingSince: number | undefined
  let writing: Promise<void> | undefined
  let resumed = (_: number) => {}

  const drop = (count: number) => {
    dropped += count
    unsaid += count
  }

  async function writeAll(): Promise<void> {
    while (waiting.length > 0) {
      const lines = waiting
      waiting = []
      size = 0
      // A line that was cut off must not swallow the next one.
      const text = (isLineOpen ? '\n' : '') + lines.join('')
      await writeBytes(Buffer.from(text)).catch(() => drop(lines.length))
    }
    writing = undefined
  }

  async function writeBytes(bytes: Buffer): Promise<void> {
    for (let at = 0; at < bytes.length; ) {
      at += await writeSome(bytes, at)
      isLineOpen = at < bytes.length
    }
    if (unsaid === 0) return
    const count = unsaid
    unsaid = 0
    resumed(count)
  }

  async function writeSome(bytes: Buffer, at: number): Promise<number> {
    writingSince = performance.now()
    try {
      return (await writeTo(fd, bytes, at)).bytesWritten
    } catch (fault) {
      if ((fault as NodeJS.ErrnoException).code !== 'EAGAIN') throw fault
    } finally {
      writingSince = undefined
    }
    await sleep(busyFor)
    return 0
  }

  return {
    write(line) {
      if (size + line.length > mostWaiting) return drop(1)
      size += line.length
      waiting.push(line)
      writing ??= writeAll()
    },
    get dropped() {
      return dropped
    },
    get isStuck() {
      return writingSince !== undefined && performance.now() - writingSince > stuckAfter
    },
    async flush(within) {
      await Promise.race([writing, sleep(within)])
    },
    onResumed(listener) {
      resumed = listener
    },
  }
}
