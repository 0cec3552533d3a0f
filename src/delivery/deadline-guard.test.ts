import { Readable } from 'node:stream'
import { expect, test } from 'vitest'
import { DeadlinePassed, guardWithDeadline } from './deadline-guard.ts'

const source = () => Readable.from([Buffer.from('Subject: x\r\n'), Buffer.from('\r\nbody\r\n')])

/** Tells these moments, one for each time it is asked. */
const clockOf = (...moments: number[]) => {
  return () => moments.shift() ?? Number.NaN
}

async function read(stream: Readable): Promise<string> {
  let text = ''
  for await (const chunk of stream) text += chunk
  return text
}

test('before the deadline all bytes pass, and completion is told', async () => {
  let complete = false
  const guarded = guardWithDeadline(source(), 100, clockOf(98, 99), () => {
    complete = true
  })
  expect(await read(guarded)).toBe('Subject: x\r\n\r\nbody\r\n')
  expect(complete).toBe(true)
})

test('at the deadline no byte passes', async () => {
  await expect(read(guardWithDeadline(source(), 100, clockOf(100)))).rejects.toThrow(DeadlinePassed)
})

test('a deadline that passes between the first and the last byte leaves the message without its end', async () => {
  let ended = false
  const guarded = guardWithDeadline(source(), 100, clockOf(99, 100))
  guarded.once('end', () => {
    ended = true
  })
  await expect(read(guarded)).rejects.toThrow(DeadlinePassed)
  expect(ended).toBe(false)
})

test('the clock is read when the bytes are asked for, not before', async () => {
  let now = 0
  const guarded = guardWithDeadline(source(), 100, () => now)
  now = 100
  await expect(read(guarded)).rejects.toThrow(DeadlinePassed)
})

test('a source that fails fails the message', async () => {
  const failing = new Readable({ read: () => failing.destroy(new Error('cannot read')) })
  await expect(read(guardWithDeadline(failing, 100, () => 0))).rejects.toThrow('cannot read')
})

test('giving up closes the source', async () => {
  const underlying = source()
  guardWithDeadline(underlying, 100, () => 0).destroy()
  await expect.poll(() => underlying.destroyed).toBe(true)
})
