import { spawn } from 'node:child_process'
import { existsSync, readFileSync, statSync, writeFileSync } from 'node:fs'
import { type AddressInfo, createServer } from 'node:net'
import { join } from 'node:path'
import { expect, onTestFinished, test, vi } from 'vitest'
import { packageRoot } from '../../src/package-root.ts'
import {
  type Environment,
  firstKey,
  freePort,
  runCountersign,
  startCountersign,
  temporaryFolder,
  untilServing,
} from '../support/countersign.ts'
import { emptyDatabase } from '../support/databases.ts'

// Each command is a process of its own, and some of them a database too.
vi.setConfig({ testTimeout: 120_000 })

const newFolder = (): string => join(temporaryFolder(), 'data')

async function startService(dataDir: string, environment: Environment = {}) {
  const port = String(await freePort())
  const service = startCountersign(['serve'], { DATA_DIR: dataDir, PORT: port, ...environment })
  const url = `http://127.0.0.1:${port}`
  await untilServing(url, 20_000, service)
  return { ...service, url }
}

/** How the API answers a key: 404 for a verification that never was, or 401. */
async function answerTo(url: string, key: string): Promise<number> {
  const id = '11111111-1111-4111-8111-111111111111'
  const response = await fetch(`${url}/v1/verifications/${id}`, {
    headers: { Authorization: `Bearer ${key}` },
  })
  return response.status
}

test('keys are made, listed without their secrets and revoked, while the service runs and while it does not', async () => {
  const dataDir = newFolder()
  const environment = { DATA_DIR: dataDir }
  const made = await runCountersign(['api-keys', 'create', 'Harbour Library', '--name', 'kiosk'], environment)
  expect(made).toMatchObject({ code: 0, stderr: expect.stringContaining('shown this once') })
  expect(made.stdout).toMatch(/^csk_[0-9a-f]{16}_[A-Za-z0-9_-]{43}\n$/)
  const key = made.stdout.trim()
  const [, id = '', secret = ''] = /^csk_([0-9a-f]{16})_(.+)$/.exec(key) ?? []

  const { url } = await startService(dataDir)
  expect(await answerTo(url, key)).toBe(404)
  const second = await runCountersign(['api-keys', 'create', 'Harbour Library'], environment)
  expect(await answerTo(url, second.stdout.trim())).toBe(404)
  const listed = await runCountersign(['api-keys', 'list'], environment)
  expect(listed.stdout).toContain(id)
  expect(listed.stdout).toContain('kiosk')
  expect(listed.stdout + listed.stderr).not.toContain(secret)

  expect(await runCountersign(['api-keys', 'revoke', id], environment)).toMatchObject({ code: 0 })
  await new Promise((resolve) => setTimeout(resolve, 1100))
  expect(await answerTo(url, key)).toBe(401)
  const again = await runCountersign(['api-keys', 'revoke', id], environment)
  expect(again).toMatchObject({ code: 1, stderr: expect.stringContaining('No living key has the id') })
  expect(again.stderr).not.toContain('    at ')
})

test('a key may have no name that is too long for its table, and the refusal is a sentence', async () => {
  const environment = { DATA_DIR: newFolder() }
  const tooLong = await runCountersign(['api-keys', 'create', 'x'.repeat(65)], environment)
  expect(tooLong).toMatchObject({ code: 1, stderr: expect.stringContaining('1 to 64 characters') })
  const empty = await runCountersign(['api-keys', 'create', ''], environment)
  expect(empty.code).toBe(1)
  expect(empty.stderr).not.toContain('    at ')
})

test('rotating the key ring needs no database and leaves a file that only its owner reads', async () => {
  const keyring = join(temporaryFolder(), 'ring')
  const rotate = () => runCountersign(['keyring', 'rotate'], { KEYRING_FILE: keyring, DATA_DIR: newFolder() })
  expect(await rotate()).toMatchObject({ code: 0, stderr: expect.stringMatching(/Key \S+ is current/) })
  const before = JSON.parse(readFileSync(keyring, 'utf8'))
  await rotate()
  const after = JSON.parse(readFileSync(keyring, 'utf8'))
  expect(after.lookup).toBe(before.lookup)
  expect(after.keys.slice(1).map((k: { id: string }) => k.id)).toEqual(
    before.keys.map((k: { id: string }) => k.id),
  )
  expect(statSync(keyring).mode & 0o777).toBe(0o600)

  writeFileSync(`${keyring}.rotating`, '')
  const refused = await rotate()
  expect(refused).toMatchObject({ code: 1, stderr: expect.stringContaining(`remove ${keyring}.rotating`) })
  expect(refused.stderr).not.toContain('    at ')
})

test('a command that is none, and a role that is none, end with what there is', async () => {
  const unknown = await runCountersign(['fly'], {})
  expect(unknown.code).toBe(1)
  expect(unknown.stderr).toMatch(/^error: unknown command 'fly'$/m)
  expect(unknown.stderr).toContain('Usage: countersign')
  for (const [words, meant] of [
    [['sevre'], 'serve'],
    [['api-key', 'list'], 'api-keys'],
    [['api-keys', 'lst'], 'list'],
  ] as const) {
    const { code, stderr } = await runCountersign([...words], {})
    expect([code, stderr]).toEqual([1, expect.stringMatching(new RegExp(`unknown command.*${meant}`, 's'))])
    expect(stderr).not.toContain('too many arguments')
  }
  const role = await runCountersign(['serve', '--role', 'cook'], {})
  expect(role.code).toBe(1)
  expect(role.stderr).toMatch(/all, web, worker/)
  expect((await runCountersign(['--help'], {})).stdout).toMatch(/serve.*api-keys.*keyring.*export.*import/s)
})

test('all mistakes of a configuration are told at once, by any command, and none runs', async () => {
  const folder = temporaryFolder()
  const policy = join(folder, 'policy.json')
  writeFileSync(policy, '{"code": {"lifetime": "3 h", "tries": 0}}')
  const environment = {
    DATA_DIR: join(folder, 'data'),
    PORT: '70000',
    DATABASE_URL: 'mysql://here',
    PUBLIC_URL: 'http://account.example.com',
    POLICY_FILE: policy,
  }
  for (const words of [['serve'], ['api-keys', 'list'], ['export'], ['keyring', 'rotate']]) {
    const { code, stderr } = await runCountersign(words, environment)
    expect(code).toBe(1)
    for (const word of ['PORT', 'DATABASE_URL', 'PUBLIC_URL', 'code.lifetime', 'code.tries'])
      expect(stderr).toContain(word)
    expect(stderr).not.toContain('    at ')
  }
  expect(existsSync(join(folder, 'data'))).toBe(false)
})

test('a database that cannot be reached is told in a sentence', async () => {
  const port = await freePort()
  const { code, stderr } = await runCountersign(['api-keys', 'list'], {
    DATABASE_URL: `postgres://nobody:secret-word@127.0.0.1:${port}/none`,
    DATA_DIR: newFolder(),
  })
  expect(code).toBe(1)
  expect(stderr).toMatch(/database/i)
  expect(stderr).not.toContain('secret-word')
  expect(stderr).not.toContain('    at ')
})

test('a second service on the folder, and an import while it runs, are refused with a sentence', async () => {
  const dataDir = newFolder()
  await startService(dataDir)
  const second = await runCountersign(['serve'], { DATA_DIR: dataDir, PORT: '0' })
  expect(second).toMatchObject({ code: 1, stderr: expect.stringContaining('in use by process') })
  const refused = await runCountersign(['import', join(dataDir, 'keyring')], { DATA_DIR: dataDir })
  expect(refused).toMatchObject({ code: 1, stderr: expect.stringContaining('Stop it first') })
  expect(firstKey(dataDir)).toMatch(/^csk_/)
})

test('the version is told', async () => {
  const { version } = JSON.parse(readFileSync(join(packageRoot, 'package.json'), 'utf8'))
  expect(await runCountersign(['--version'], {})).toMatchObject({ code: 0, stdout: `${version}\n` })
})

test('a port that is in use is told with its setting, and nothing is left running', async () => {
  const taken = createServer()
  await new Promise<void>((resolve) => taken.listen(0, '127.0.0.1', resolve))
  onTestFinished(() => void taken.close())
  const { port } = taken.address() as AddressInfo
  const dataDir = newFolder()
  const environment = { DATA_DIR: dataDir, PORT: String(port), METRICS_PORT: String(port) }
  const { code, stderr } = await runCountersign(['serve'], environment)
  expect(code).toBe(1)
  expect(stderr).toContain(
    `PORT ${port} on 127.0.0.1 is in use by another program. Set PORT to another port.`,
  )
  expect(stderr).toContain(`METRICS_PORT ${port} on 127.0.0.1 is in use`)
  expect(stderr).not.toContain('    at ')
  expect(existsSync(join(dataDir, 'running.json'))).toBe(false)

  const elsewhere = { ...environment, HOST: '192.0.2.1', METRICS_PORT: '', SMTP_URL: 'smtp://127.0.0.1' }
  const refused = await runCountersign(['serve'], { ...elsewhere, MAIL_FROM: 'codes@harbour.test' })
  expect(refused).toMatchObject({
    code: 1,
    stderr: expect.stringContaining('HOST 192.0.2.1 is no address of'),
  })
})

test('an API key and an administrator link are shown on a terminal, and nowhere else', async () => {
  const secret = /csk_|\/administrator\//
  const folder = temporaryFolder()
  const piped = join(folder, 'piped')
  const service = await startService(piped)
  expect(service.said()).not.toMatch(secret)
  expect(service.said()).toContain(`API key          in ${join(piped, 'first-run.json')}`)
  expect(service.said()).toContain(`Administrator    in ${join(piped, 'first-run.json')} (once, for an hour)`)

  const shown = await onTerminal({ DATA_DIR: join(folder, 'shown'), PORT: String(await freePort()) })
  expect(shown).toMatch(/API key {10}csk_/)
  expect(shown).toMatch(/Administrator {4}http:\/\/localhost:\d+\/administrator\//)
  expect(shown).toContain(join(folder, 'shown', 'first-run.json'))
})

test('an invitation leads to the service that runs, and to none there is no link', async () => {
  const dataDir = newFolder()
  const alone = { DATA_DIR: dataDir, PORT: String(await freePort()) }
  const refused = await runCountersign(['admin', 'invite'], alone)
  expect(refused).toMatchObject({
    code: 1,
    stdout: '',
    stderr: expect.stringContaining(`No service answers at http://localhost:${alone.PORT}. Start it first`),
  })
  const { url } = await startService(dataDir)
  // As from another shell, which knows nothing of the port that the service was given.
  const invited = await runCountersign(['admin', 'invite'], { DATA_DIR: dataDir })
  expect(invited).toMatchObject({ code: 0, stderr: expect.stringContaining('It works once') })
  const { port, pathname } = new URL(invited.stdout)
  expect(port).toBe(new URL(url).port)
  expect((await fetch(`${url}${pathname}`)).status).toBe(200)

  const away = { DATA_DIR: dataDir, PUBLIC_URL: 'https://account.harbour.test', SMTP_URL: 'smtp://127.0.0.1' }
  const database = await emptyDatabase()
  onTestFinished(database.drop)
  const elsewhere = await runCountersign(['admin', 'invite'], { ...away, DATABASE_URL: database.url })
  expect(elsewhere.stdout).toMatch(/^https:\/\/account\.harbour\.test\/administrator\//)
  expect(elsewhere.stderr).toContain('No service answers at https://account.harbour.test from here')
})

test('a setting that looks like one of ours is warned of', async () => {
  const service = await startService(newFolder(), { SMPT_URL: 'smtp://127.0.0.1' })
  expect(service.said()).toContain('SMPT_URL is set and is no setting. Is SMTP_URL meant?')
})

/** What the service says at its start on a terminal of its own, whose two streams are one. */
async function onTerminal(environment: Environment): Promise<string> {
  const program = join(packageRoot, 'dist/main.js')
  const terminal = spawn('script', ['-qfec', `exec '${process.execPath}' '${program}' serve`, '/dev/null'], {
    env: { PATH: process.env.PATH ?? '', SHELL: '/bin/sh', ...environment },
    cwd: temporaryFolder(),
  })
  const gone = new Promise((resolve) => terminal.once('close', resolve))
  onTestFinished(async () => {
    terminal.kill('SIGKILL')
    await gone
  })
  let shown = ''
  for await (const text of terminal.stdout.setEncoding('utf8')) {
    shown += text
    if (shown.includes('docs/deployment.md tells how')) break
  }
  return shown
}
