import { execFileSync } from 'node:child_process'
import {
  closeSync,
  constants,
  existsSync,
  mkdtempSync,
  openSync,
  readFileSync,
  readSync,
  rmSync,
} from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setImmediate as nextTurn } from 'node:timers/promises'
import { expect, onTestFinished, test } from 'vitest'
import { openLogLines } from './log-lines.ts'

function temporary(name: string): string {
  const folder = mkdtempSync(join(tmpdir(), 'countersign-log-'))
  onTestFinished(() => rmSync(folder, { recursive: true }))
  return join(folder, name)
}

function opened(path: string, flags: string | number): number {
  const fd = openSync(path, flags)
  onTestFinished(() => closeSync(fd))
  return fd
}

test('lines are written whole and in order', async () => {
  const path = temporary('log')
  const lines = openLogLines(opened(path, 'w'))
  const text = Array.from({ length: 5000 }, (_, nth) => `{"line":${nth}}\n`)
  for (const line of text) lines.write(line)
  await lines.flush(10_000)
  expect(readFileSync(path, 'utf8')).toBe(text.join(''))
  expect(lines.dropped).toBe(0)
})

test.skipIf(!existsSync('/dev/full'))('on a full disk each line is dropped and counted', async () => {
  const lines = openLogLines(opened('/dev/full', 'w'))
  for (let nth = 0; nth < 10; nth += 1) {
    lines.write('a line\n')
    await lines.flush(10_000)
  }
  expect(lines.dropped).toBe(10)
  expect(lines.isStuck).toBe(false)
})

const { O_RDONLY, O_WRONLY, O_NONBLOCK } = constants

/** Both ends of a pipe that holds 64 KB, none of which waits for the other. */
function openPipe() {
  const path = temporary('pipe')
  execFileSync('mkfifo', [path])
  const openReader = () => openSync(path, O_RDONLY | O_NONBLOCK)
  const reader = openReader()
  return { reader, openReader, writer: opened(path, O_WRONLY | O_NONBLOCK) }
}

const chunk = Buffer.alloc(64 * 1024)

/** Reads until the text ends so. */
async function readUntil(fd: number, end: string): Promise<string> {
  for (let text = ''; ; ) {
    try {
      text += chunk.toString('utf8', 0, readSync(fd, chunk))
    } catch {
      await nextTurn()
    }
    if (text.endsWith(end)) return text
  }
}

test('of lines that nobody reads a megabyte waits, and the others are counted and told of', async () => {
  const { reader, writer } = openPipe()
  const lines = openLogLines(writer)
  let told = 0
  lines.onResumed((dropped) => {
    told += dropped
    lines.write('resumed\n')
  })
  for (let nth = 0; nth < 3000; nth += 1) lines.write(`${'x'.repeat(1023)}\n`)
  const { dropped } = lines
  expect(dropped).toBeGreaterThan(1800)
  const read = await readUntil(reader, 'resumed\n')
  expect(told).toBe(lines.dropped)
  expect(read.split('\n').filter((line) => line.length === 1023)).toHaveLength(3000 - dropped)
  closeSync(reader)
})

test('a line that was cut off does not swallow the next one', async () => {
  const { reader, openReader, writer } = openPipe()
  const lines = openLogLines(writer)
  lines.write(`${'x'.repeat(200_000)}\n`)
  const before = await readUntil(reader, 'x')
  closeSync(reader)
  await lines.flush(10_000)
  expect(lines.dropped).toBe(1)
  const again = openReader()
  lines.write('next\n')
  expect(before + (await readUntil(again, 'next\n'))).toMatch(/^x+\nnext\n$/)
  closeSync(again)
})

test('a write that hangs is known, so that nobody waits for it', async () => {
  const path = temporary('pipe')
  execFileSync('mkfifo', [path])
  // Both ends in one, and a write that finds no room waits.
  const pipe = opened(path, 'r+')
  const lines = openLogLines(pipe)
  const text = `${'x'.repeat(200_000)}\n`
  lines.write(text)
  await expect.poll(() => lines.isStuck, { timeout: 10_000 }).toBe(true)
  expect(await readUntil(pipe, '\n')).toBe(text)
  await lines.flush(10_000)
  expect(lines.isStuck).toBe(false)
})
