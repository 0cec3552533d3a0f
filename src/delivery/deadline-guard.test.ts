import { expect, test } from 'vitest'
import { DeadlinePassed, guardWithDeadline } from './deadline-guard.ts'

const mail = async () => Buffer.from('Subject: x\r\n\r\nbody\r\n')

/** Says these, one for each time it is asked. */
const saying = (...answers: boolean[]) => {
  return () => answers.shift() ?? true
}

async function read(stream: AsyncIterable<Buffer>): Promise<string> {
  let text = ''
  for await (const chunk of stream) text += chunk
  return text
}

test('before the deadline all bytes pass, and completion is told', async () => {
  let complete = false
  const guarded = guardWithDeadline(mail, saying(false, false), () => {
    complete = true
  })
  expect(await read(guarded)).toBe('Subject: x\r\n\r\nbody\r\n')
  expect(complete).toBe(true)
})

test('at the deadline no byte passes, or is even made', async () => {
  let made = false
  const guarded = guardWithDeadline(() => {
    made = true
    return mail()
  }, saying(true))
  await expect(read(guarded)).rejects.toThrow(DeadlinePassed)
  expect(made).toBe(false)
})

test('a deadline that passes between the first and the last byte leaves the message without its end', async () => {
  let ended = false
  const guarded = guardWithDeadline(mail, saying(false, true))
  guarded.once('end', () => {
    ended = true
  })
  await expect(read(guarded)).rejects.toThrow(DeadlinePassed)
  expect(ended).toBe(false)
})

test('whether it is late is asked when the bytes are asked for, not before', async () => {
  let late = false
  const guarded = guardWithDeadline(mail, () => late)
  late = true
  await expect(read(guarded)).rejects.toThrow(DeadlinePassed)
})

test('bytes that can’t be made fail the message', async () => {
  const failing = () => Promise.reject(new Error('cannot be made'))
  await expect(read(guardWithDeadline(failing, () => false))).rejects.toThrow('cannot be made')
})
