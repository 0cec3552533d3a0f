import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { fileURLToPath } from 'node:url'
import { afterEach, expect, test } from 'vitest'
import { minutes, seconds } from '../../src/core/time.ts'
import { openSmtp } from '../../src/delivery/smtp.ts'
import { codeMail, sender, terms } from '../support/code-mails.ts'
import { openSmtpSink, type SmtpSink } from '../support/smtp-sink.ts'

let sink: SmtpSink
afterEach(() => sink.close())

const late = { result: 'deferred', cause: 'deadline_passed' }

test('once the deadline has passed no connection is even opened', async () => {
  sink = await openSmtpSink()
  const smtp = openSmtp({ url: `smtp://127.0.0.1:${sink.port}`, from: sender })
  expect(await smtp.send(codeMail('ana@example.org'), terms(Date.now()))).toEqual(late)
  expect(sink.connections()).toBe(0)
  await smtp.close()
})

test('a server that is ready only after the deadline gets no message', async () => {
  let now = Date.now()
  const deadline = now + minutes(1)
  sink = await openSmtpSink({
    onRecipient() {
      now = deadline
    },
  })
  const smtp = openSmtp({ url: `smtp://127.0.0.1:${sink.port}`, from: sender }, () => now)
  expect(await smtp.send(codeMail('ana@example.org'), terms(deadline))).toEqual(late)
  await smtp.close()
  await expect.poll(() => sink.open()).toBe(0)
  expect(sink.recipients).toEqual(['ana@example.org'])
  expect(sink.received).toEqual([])
})

test('a server that stalls is left at the deadline', async () => {
  sink = await openSmtpSink({ onRecipient: () => new Promise(() => {}) })
  const smtp = openSmtp({ url: `smtp://127.0.0.1:${sink.port}`, from: sender })
  expect(await smtp.send(codeMail('ana@example.org'), terms(Date.now() + 200))).toEqual(late)
  await smtp.close()
  expect(sink.received).toEqual([])
})

test('a server that took the message in time and answers late still counts as having accepted it', async () => {
  const deadline = Date.now() + 400
  sink = await openSmtpSink({ onContent: () => passed(deadline + 50) })
  const smtp = openSmtp({ url: `smtp://127.0.0.1:${sink.port}`, from: sender })
  expect(await smtp.send(codeMail('ana@example.org'), terms(deadline))).toMatchObject({ result: 'accepted' })
  await smtp.close()
})

test('a process that was stopped while it sent and wakes after the deadline delivers nothing', async () => {
  let stop = () => {}
  const stopped = new Promise<void>((resolve) => {
    stop = resolve
  })
  const worker = { process: undefined as ReturnType<typeof spawn> | undefined }
  sink = await openSmtpSink({
    onRecipient() {
      // Its answers pile up in the socket of a process that doesn't run.
      worker.process?.kill('SIGSTOP')
      stop()
    },
  })
  const deadline = Date.now() + seconds(4)
  const program = fileURLToPath(new URL('send-one.ts', import.meta.url))
  worker.process = spawn(process.execPath, [program, String(sink.port), String(deadline)], {
    stdio: ['ignore', 'pipe', 'inherit'],
  })
  const said: string[] = []
  worker.process.stdout?.on('data', (bytes) => said.push(String(bytes)))
  await stopped
  await passed(deadline + 50)
  worker.process.kill('SIGCONT')
  await once(worker.process, 'close')
  expect(JSON.parse(said.join(''))).toEqual(late)
  expect(sink.received).toEqual([])
})

/** Real time has to pass here: what is tested is what a process does that slept through its deadline. */
const passed = (moment: number): Promise<void> =>
  new Promise((resolve) => setTimeout(resolve, Math.max(0, moment - Date.now())))
