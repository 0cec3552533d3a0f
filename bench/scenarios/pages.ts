import { join } from 'node:path'
import type { Bench } from '../bench.ts'
import { startCountersign } from '../contenders/countersign.ts'
import type { Outcome, RequestForm } from '../generator/job.ts'
import { startGenerator } from '../generator.ts'
import { openPeople, type People, password } from '../people.ts'
import { atMost, type Report, rounded } from '../report.ts'
import { median, percentile } from '../statistics.ts'

/** Different people who are signed in, and as many who sign in. */
const accounts = 200
const connections = 32
/** More sign-ins than can be hashed at once: the line for the processors is never empty. */
const signInsAtOnce = 16
/** How often a second another route is asked for while passwords are hashed. */
const otherRate = 20
/** More than any machine answers in a second. */
const mostPerSecond = 5_000

const page = { method: 'GET', body: '', expect: 200 } as const
const html = { accept: 'text/html' }
const signInPage: RequestForm = { ...page, path: '/signin', headers: html }
const accountPage: RequestForm = { ...page, path: '/account/{0}', headers: { ...html, cookie: '{1}' } }
/** Answered by a redirect to the one account of this browser: little more than the session is read. */
const sessionRead: RequestForm = {
  ...page,
  path: '/account',
  headers: { ...html, cookie: '{1}' },
  expect: 303,
}
const signIn: RequestForm = {
  path: '/signin/{0}',
  body: `act=password&revision=0&form={2}&password=${encodeURIComponent(password)}`,
  headers: {
    ...html,
    cookie: '{1}',
    'content-type': 'application/x-www-form-urlencoded',
    'sec-fetch-site': 'same-origin',
  },
  expect: 303,
}

/** Pages, sessions and passwords: what each takes, and what the hashing of passwords leaves to everything else. */
export async function pages({ folder, postgres, generator, options, say }: Bench): Promise<Report> {
  const databaseUrl = await postgres.createDatabase('pages')
  await using server = await startCountersign({
    databaseUrl,
    folder: join(folder, 'pages'),
    profile: options.profile,
  })
  await using people = await openPeople(databaseUrl, join(folder, 'pages', 'keyring'))
  await using beside = startGenerator()
  const { port } = server
  const readers = await signedIn(people)
  const comers = await known(people)

  async function alone(what: string, request: RequestForm): Promise<Figures> {
    const turns: Outcome[] = []
    for (let round = 0; round <= options.rounds; round += 1) {
      const rows = repeated(readers, mostPerSecond * options.seconds)
      const pace = { connections, seconds: options.seconds }
      const turn = await generator.run({ request, port, rows, pace })
      if (round > 0) turns.push(turn)
    }
    return figuresOf(what, turns)
  }

  /** Another route at a steady rate, while passwords are hashed as fast as they can be. */
  async function besidePasswords(request: RequestForm): Promise<{ other: Outcome; passwords: Outcome }> {
    const seconds = options.seconds * options.rounds
    const rows = await comers.flows(100 * seconds)
    const pace = { connections: signInsAtOnce, seconds }
    const passwords = generator.run({ request: signIn, port, rows, pace })
    // Of a reader's values a code's address is made of the first.
    const rate = { rows: repeated(readers, otherRate * seconds), pace: { rate: otherRate } }
    const other = await beside.run({ request, port, ...rate })
    return { other, passwords: await passwords }
  }

  const table = [
    await alone('sign-in page', signInPage),
    await alone('session, read', sessionRead),
    await alone('account page', accountPage),
  ]
  say('pages and sessions')
  const aims = []
  const signIns: Outcome[] = []
  for (const [what, request] of [
    ['sign-in page', signInPage],
    ['account page', accountPage],
    ['code issued', server.issue],
  ] as const) {
    const { other, passwords } = await besidePasswords(request)
    signIns.push(passwords)
    table.push(figuresOf(`${what}, passwords being hashed`, [other]))
    aims.push(atMost(`${what} while passwords are hashed, p99, ms`, percentile(other.latencies, 0.99), 500))
    say(`${what} beside passwords`)
  }
  table.push(figuresOf('password sign-in', signIns))
  return {
    scenario: 'pages',
    notes: [
      `Pages and sessions on ${connections} connections, medians of ${options.rounds} turns of ${options.seconds} s.`,
      `Password sign-ins (argon2id, 19 MiB, 2 passes) on ${signInsAtOnce} connections by browsers that the account knows,`,
      `to the session; meanwhile each other route is asked for ${otherRate} times a second.`,
    ],
    table,
    aims,
  }
}

type Figures = Record<string, string | number>

const figuresOf = (what: string, turns: readonly Outcome[]): Figures => {
  const latencies = turns.flatMap((turn) => turn.latencies)
  return {
    what,
    'a second': rounded(median(turns.map((turn) => turn.latencies.length / turn.seconds))),
    'p50 ms': rounded(percentile(latencies, 0.5)),
    'p99 ms': rounded(percentile(latencies, 0.99)),
  }
}

const repeated = <Row>(rows: readonly Row[], count: number): Row[] =>
  Array.from({ length: Math.ceil(count / rows.length) }, () => rows)
    .flat()
    .slice(0, count)

/** A row each for those who are signed in: the handle of their account, and their cookies. */
const signedIn = (people: People): Promise<string[][]> =>
  Promise.all(
    Array.from({ length: accounts }, async (_, n) => {
      const browser = people.browser()
      const account = await people.signUp(`reader-${n}@bench.example`, browser)
      const { handle, cookie } = await people.session(account, browser)
      return [handle, `browser=${browser.token}; account-${handle}=${cookie}`]
    }),
  )

/** Those who sign in, each again and again on a browser that their account knows. */
async function known(people: People) {
  const comers = await Promise.all(
    Array.from({ length: accounts }, async (_, n) => {
      const browser = people.browser()
      return { browser, account: await people.signUp(`comer-${n}@bench.example`, browser) }
    }),
  )
  return {
    /** A row each for sign-ins that stand at their password: the flow, its browser's cookie, its form's token. */
    flows: (count: number): Promise<string[][]> =>
      Promise.all(
        repeated(comers, count).map(async ({ account, browser }) => {
          const id = await people.flow(account, browser)
          return [id, `browser=${browser.token}`, people.formToken(browser, `flow ${id}`)]
        }),
      ),
  }
}
