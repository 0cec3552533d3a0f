import { existsSync, mkdirSync, mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { fileURLToPath, pathToFileURL } from 'node:url'
import { startChild } from '../../bench/child.ts'
import { startPostgres } from '../../bench/postgres.ts'
import { openBrowser } from './browser.ts'
import { type Inspector, inspect } from './inspector.ts'

/** Signing in is measured so often; a file that a timer happened to run counts only if it ran each time. */
const turns = 5

const password = 'wharf lantern 7 gulls'

/**
 * The files of `src` that run code in the POST of a sign-in's code, on a browser that the account doesn't know, and none
 * for `GET /healthz`: counted by V8 in a built checkout's web process, on a PostgreSQL of its own. Whatever is loaded or
 * made once has been by then.
 *
 * @throws where the checkout is not built
 */
export async function filesOfSignIn(checkout: string): Promise<string[]> {
  const program = join(checkout, 'dist/main.js')
  if (!existsSync(program)) throw new Error(`${checkout} is not built: npm run build there.`)
  const folder = mkdtempSync(join(tmpdir(), 'countersign-measure-'))
  try {
    await using postgres = await startPostgres(folder)
    const dataDir = join(folder, 'data')
    mkdirSync(dataDir)
    const env = {
      DATABASE_URL: await postgres.createDatabase('measured'),
      DATA_DIR: dataDir,
      KEYRING_FILE: join(dataDir, 'keyring'),
      PORT: '0',
      LOG_LEVEL: 'error',
    }
    await using web = await startChild({
      file: program,
      args: ['serve', '--role', 'web'],
      env: { ...env, NODE_OPTIONS: '--inspect=127.0.0.1:0' },
      ready: /listening on (ws:\S+)[\s\S]*is ready at (http:\/\/localhost:\d+)/,
    })
    // What carries the codes is another process, so that none of it is counted.
    await using _ = await startChild({
      file: program,
      args: ['serve', '--role', 'worker'],
      env,
      ready: /carries messages/,
    })
    const [, inspector = '', url = ''] = web.said
    using process = await inspect(inspector)
    return await measure(process, url, checkout)
  } finally {
    rmSync(folder, { recursive: true, force: true, maxRetries: 10 })
  }
}

async function measure(process: Inspector, url: string, checkout: string): Promise<string[]> {
  let people = 0
  const signIn = async () => {
    people += 1
    const send = await untilCode(url, `person${people}@example.org`)
    return filesThatRun(process, checkout, send)
  }
  const health = () =>
    filesThatRun(process, checkout, async () => {
      await (await fetch(`${url}/healthz`)).text()
    })
  await process.call('Profiler.enable')
  await process.call('Profiler.startPreciseCoverage', { callCount: true, detailed: false })
  await signIn()
  await health()
  const signIns: Set<string>[] = []
  const healths: Set<string>[] = []
  for (let turn = 0; turn < turns; turn += 1) {
    signIns.push(await signIn())
    healths.push(await health())
  }
  return inAll(signIns).filter((file) => !inAll(healths).includes(file))
}

const inAll = ([first, ...others]: readonly Set<string>[]): string[] =>
  [...(first ?? [])].filter((file) => others.every((set) => set.has(file))).sort()

type Covered = { result: { url: string; functions: { ranges: { count: number }[] }[] }[] }

/** Counting begins anew with each reading: so what was counted before is read first, and thrown away. */
async function filesThatRun(
  process: Inspector,
  checkout: string,
  act: () => Promise<void>,
): Promise<Set<string>> {
  await process.call('Profiler.takePreciseCoverage')
  await act()
  const { result } = await process.call<Covered>('Profiler.takePreciseCoverage')
  const dist = pathToFileURL(join(checkout, 'dist/')).href
  return new Set(
    result
      .filter(({ url, functions }) => url.startsWith(dist) && functions.some(hasRun))
      .map(({ url }) => fileURLToPath(url).slice(fileURLToPath(dist).length).replace(/\.js$/, '')),
  )
}

const hasRun = ({ ranges }: { ranges: { count: number }[] }): boolean => (ranges[0]?.count ?? 0) > 0

/** Somebody signs up, and then in on a new browser, as far as the page that waits for the code. @returns what sends it */
async function untilCode(url: string, email: string): Promise<() => Promise<void>> {
  const first = openBrowser(url)
  await first.open('/signup')
  await first.submit({ email })
  await first.submit({ code: await nthCode(url, email, 1) })
  await first.submit({ password })
  const browser = openBrowser(url)
  await browser.open('/signin')
  await browser.submit({ username: email })
  await browser.submit({ password })
  await browser.submit({ item: browser.value('item') })
  const code = await nthCode(url, email, 2)
  return async () => {
    const status = await browser.send({ code })
    if (status !== 303) throw new Error(`The code was answered by ${status}.`)
  }
}

/** The newest code in the built-in inbox, once there are so many. */
async function nthCode(url: string, to: string, nth: number): Promise<string> {
  for (let patience = 1000; patience > 0; patience -= 1) {
    const headers = { Accept: 'application/json' }
    const answer = await fetch(`${url}/inbox?${new URLSearchParams({ to })}`, { headers })
    const { messages } = (await answer.json()) as { messages: { text: string }[] }
    const codes = messages.flatMap(
      ({ text }) => /^\s*(\d{3,4}) (\d{3,4})\s*$/m.exec(text)?.slice(1).join('') ?? [],
    )
    if (codes.length === nth) return codes[0] ?? ''
    await sleep(20)
  }
  throw new Error(`No code has come for ${to}.`)
}
