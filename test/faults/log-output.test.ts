import { type ChildProcess, execFileSync, spawn } from 'node:child_process'
import { closeSync, existsSync, openSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { expect, onTestFinished, test } from 'vitest'
import { freePort, temporaryFolder, untilServing } from '../support/countersign.ts'

const program = fileURLToPath(new URL('../../dist/main.js', import.meta.url))

/** The built program whose log goes where nothing can be written. It is gone after the test. */
async function startWithLog(stdout: number) {
  const port = await freePort()
  const child = spawn(process.execPath, [program], {
    env: {
      PATH: process.env.PATH ?? '',
      PORT: String(port),
      DATA_DIR: temporaryFolder(),
      LOG_LEVEL: 'debug',
    },
    stdio: ['ignore', stdout, 'ignore'],
  })
  onTestFinished(() => void child.kill('SIGKILL'))
  const url = `http://localhost:${port}`
  await untilServing(url, 60_000)
  return { child, url }
}

const ended = (child: ChildProcess) =>
  new Promise<{ code: number | null; signal: string | null }>((resolve) =>
    child.once('exit', (code, signal) => resolve({ code, signal })),
  )

async function ask(url: string, times: number): Promise<void> {
  for (let nth = 0; nth < times; nth += 1) {
    const answer = await fetch(`${url}/healthz`)
    expect(answer.status).toBe(200)
    await answer.text()
  }
}

test.skipIf(!existsSync('/dev/full'))(
  'a full log disk stops no request, and SIGTERM ends the process',
  async () => {
    const full = openSync('/dev/full', 'w')
    const { child, url } = await startWithLog(full)
    closeSync(full)
    await ask(url, 50)
    const end = ended(child)
    child.kill('SIGTERM')
    expect(await end).toEqual({ code: 0, signal: null })
  },
)

test('a log that nobody reads stops no request, and SIGTERM ends the process', async () => {
  const path = join(temporaryFolder(), 'log')
  execFileSync('mkfifo', [path])
  const pipe = openSync(path, 'r+')
  onTestFinished(() => closeSync(pipe))
  const { child, url } = await startWithLog(pipe)
  // More lines than the 64 KB of a pipe hold.
  await ask(url, 1000)
  const end = ended(child)
  child.kill('SIGTERM')
  expect(await end).toEqual({ code: 0, signal: null })
})
