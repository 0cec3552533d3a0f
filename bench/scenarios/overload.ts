import { connect, type Socket } from 'node:net'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import type { Bench } from '../bench.ts'
import { startCountersign } from '../contenders/countersign.ts'
import { openConnection } from '../generator/connection.ts'
import type { Outcome, RequestForm } from '../generator/job.ts'
import { startGenerator } from '../generator.ts'
import { openPeople, type People, password } from '../people.ts'
import { atMost, type Report, rounded } from '../report.ts'
import { percentile } from '../statistics.ts'
import { memoryOf } from '../usage.ts'

const streams = 300
const hashingClients = 200
const slowForms = 50
/** Each page of somebody else is asked for this often a second. */
const rate = 10
/** With 5 rounds of 4 seconds, a minute. */
const roundsOfLoad = 3
/** Well again is a sign-in that takes no longer than this, five times in a row. */
const wellWithin = 500
const wellTimes = 5

/** What one hostile client can do at once, beside people who look at pages: what they feel, and how soon it is over. */
export async function overload({ folder, postgres, options, say }: Bench): Promise<Report> {
  const databaseUrl = await postgres.createDatabase('overload')
  const home = join(folder, 'overload')
  const settings = { TRUSTED_PROXIES: '127.0.0.1' }
  await using server = await startCountersign({
    databaseUrl,
    folder: home,
    settings,
    profile: options.profile,
  })
  await using people = await openPeople(databaseUrl, join(home, 'keyring'))
  const { port } = server
  const pid = server.pids[0] ?? 0
  const victim = await people.signUp('victim@bench.example')
  const reader = people.browser()
  const account = await people.signUp('reader@bench.example', reader)
  const { handle, cookie } = await people.session(account, reader)
  const seconds = roundsOfLoad * options.rounds * options.seconds

  let isOver = false
  let rss = 0
  const hostile = [
    ...Array.from({ length: streams / 3 }, () => holdStreams(people, port, () => isOver)),
    ...Array.from({ length: hashingClients }, async (_, nth) => {
      // Half of them in browsers that the account knows, half as strangers, four of one network.
      const browser = people.browser()
      if (nth % 2 === 0) await people.remember(victim, browser)
      const from = `198.51.${nth % 25}.7`
      while (!isOver) await signIn(people, port, { account: victim, browser, from })
    }),
    ...Array.from({ length: slowForms }, () => holdSlowForms(port, () => isOver)),
    pasteBraces(port, () => isOver),
  ]
  const watch = setInterval(() => {
    rss = Math.max(rss, memoryOf(pid).now)
  }, 100)
  const headers = { accept: 'text/html', cookie: `browser=${reader.token}; account-${handle}=${cookie}` }
  const pages = await Promise.all([
    atRate('sign-in page', { path: '/signin', headers }, port, seconds),
    atRate('account page', { path: `/account/${handle}`, headers }, port, seconds),
  ])
  isOver = true
  const recovered = await untilWell(() =>
    signIn(people, port, { account, browser: reader, from: '192.0.2.7' }),
  )
  clearInterval(watch)
  await Promise.allSettled(hostile)
  say('overload')
  const p99 = Math.max(...pages.map(({ outcome }) => percentile(outcome.latencies, 0.99)))
  return {
    scenario: 'overload',
    notes: [
      `For ${seconds} s: ${streams} event streams, ${hashingClients} clients that send right passwords without end,`,
      `${slowForms} forms that come a byte a second, and 32 KB of braces in the box of /help/errors, over and over.`,
      `Meanwhile each page is asked for ${rate} times a second.`,
    ],
    table: pages.map(({ what, outcome }) => ({
      what,
      'p50 ms': rounded(percentile(outcome.latencies, 0.5)),
      'p99 ms': rounded(percentile(outcome.latencies, 0.99)),
    })),
    aims: [
      atMost('other pages, p99, ms', p99, 500),
      atMost('memory of the process, MB', rss, 220),
      atMost('well again after, s', recovered / 1000, 5),
    ],
  }
}

async function atRate(
  what: string,
  page: Pick<RequestForm, 'path' | 'headers'>,
  port: number,
  seconds: number,
): Promise<{ what: string; outcome: Outcome }> {
  await using generator = startGenerator()
  const request: RequestForm = { method: 'GET', body: '', expect: 200, ...page }
  const rows = Array.from({ length: rate * seconds }, () => [])
  return { what, outcome: await generator.run({ request, port, rows, pace: { rate } }) }
}

type SignsIn = {
  account: Awaited<ReturnType<People['signUp']>>
  browser: ReturnType<People['browser']>
  from: string
}

/** One right password, whatever it is answered with. */
async function signIn(people: People, port: number, { account, browser, from }: SignsIn): Promise<void> {
  const id = await people.flow(account, browser)
  const form = people.formToken(browser, `flow ${id}`)
  const body = `act=password&revision=0&form=${form}&password=${encodeURIComponent(password)}`
  const connection = await openConnection(port)
  const text = requestText(`/signin/${id}`, port, body, {
    cookie: `browser=${browser.token}`,
    'x-forwarded-for': from,
  })
  await connection.exchange(text).catch(() => undefined)
  connection.close()
}

function requestText(path: string, port: number, body: string, more: Record<string, string>): string {
  const headers = {
    host: `localhost:${port}`,
    accept: 'text/html',
    'content-type': 'application/x-www-form-urlencoded',
    'content-length': String(body.length),
    'sec-fetch-site': 'same-origin',
    ...more,
  }
  const lines = Object.entries(headers).map(([name, value]) => `${name}: ${value}\r\n`)
  return `POST ${path} HTTP/1.1\r\n${lines.join('')}\r\n${body}`
}

/** Opens a socket, says something on it, and opens another when it is closed. */
async function hold(port: number, begin: (socket: Socket) => void, isOver: () => boolean): Promise<void> {
  while (!isOver()) {
    const socket = connect(port, '127.0.0.1')
    socket.on('error', () => {})
    socket.resume()
    begin(socket)
    const end = setInterval(() => isOver() && socket.destroy(), 100)
    await new Promise((resolve) => socket.once('close', resolve))
    clearInterval(end)
    await sleep(100)
  }
}

async function holdStreams(people: People, port: number, isOver: () => boolean): Promise<void> {
  const browser = people.browser()
  const id = await people.flow(await people.signUp(`stream-${browser.token}@bench.example`), browser)
  const request = `GET /signin/${id}/news HTTP/1.1\r\nhost: localhost:${port}\r\naccept: text/event-stream\r\ncookie: browser=${browser.token}\r\n\r\n`
  const one = () => hold(port, (socket) => socket.write(request), isOver)
  await Promise.all([one(), one(), one()])
}

const holdSlowForms = (port: number, isOver: () => boolean): Promise<void> =>
  hold(
    port,
    (socket) => {
      socket.write(requestText('/help/errors', port, 'x'.repeat(30_000), {}).slice(0, -29_990))
      const drip = setInterval(() => socket.write('x'), 1000)
      socket.once('close', () => clearInterval(drip))
    },
    isOver,
  )

async function pasteBraces(port: number, isOver: () => boolean): Promise<void> {
  const request = requestText('/help/errors', port, `pasted=${'{'.repeat(32_000)}`, {})
  while (!isOver()) {
    const connection = await openConnection(port)
    await connection.exchange(request).catch(() => undefined)
    connection.close()
  }
}

/** @returns milliseconds until it is well, measured to the end of the first time that it was */
async function untilWell(act: () => Promise<void>): Promise<number> {
  const began = performance.now()
  for (let inARow = 0, wellAt = 0; ; ) {
    const before = performance.now()
    await act()
    const now = performance.now()
    if (now - before > wellWithin) inARow = 0
    else {
      if (inARow === 0) wellAt = now
      inARow += 1
    }
    if (inARow >= wellTimes) return wellAt - began
  }
}
