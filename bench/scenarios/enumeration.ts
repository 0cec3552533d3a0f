import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import type { Bench } from '../bench.ts'
import { startCountersign } from '../contenders/countersign.ts'
import { type Connection, openConnection } from '../generator/connection.ts'
import { openPeople, type People, type SignedUp } from '../people.ts'
import { atMost, type Report, rounded } from '../report.ts'
import { startSmtpSink } from '../smtp-sink.ts'
import { distinguishable, median } from '../statistics.ts'

/** Asked for before the pairs that count. */
const warmUp = 40
/** After what has mail sent, so that the work of sending it slows nobody else's request. */
const mailIsSent = 15

/**
 * Whether one can tell by the time of an answer that a name has an account (S18). Each name is asked for once, by a
 * browser and from a network of its own, at every form that takes one: to sign in, with wrong passwords until the
 * guesses are used up, by the way that then takes a code first, and to sign up. Of each pair the two go through it side
 * by side, in an order that chance decides at each form.
 */
export async function enumeration({ folder, postgres, options, say }: Bench): Promise<Report> {
  await using sink = startSmtpSink()
  const databaseUrl = await postgres.createDatabase('enumeration')
  await using server = await startCountersign({
    databaseUrl,
    folder: join(folder, 'enumeration'),
    smtpUrl: `smtp://127.0.0.1:${await sink.port}`,
    together: true,
    settings: { TRUSTED_PROXIES: '127.0.0.1' },
  })
  await using people = await openPeople(databaseUrl, join(folder, 'enumeration', 'keyring'))
  const connection = await openConnection(server.port)
  const times = new Map<string, { known: number[]; unknown: number[] }>()
  for (let pair = -warmUp; pair < options.pairs; pair += 1) {
    const number = String(pair + warmUp).padStart(5, '0')
    const account = await people.signUp(`someone-${number}@bench.example`)
    const known = await visit(people, connection, server.port, account.name, account)
    const unknown = await visit(people, connection, server.port, `anybody-${number}@bench.example`, undefined)
    for (const { name, work } of forms) {
      const order = Math.random() < 0.5 ? ([known, unknown] as const) : ([unknown, known] as const)
      const taken = [await work(order[0]), await work(order[1])] as const
      if (pair < 0) continue
      for (const [nth, measured] of taken.entries()) {
        for (const [part, time] of Object.entries(measured)) {
          const route = part === 'form' ? name : `${name}: ${part}`
          const both = times.get(route) ?? { known: [], unknown: [] }
          times.set(route, both)
          both[order[nth] === known ? 'known' : 'unknown'].push(time)
        }
      }
    }
    if ((pair + 1) % 200 === 0) say(`${pair + 1} of ${options.pairs} pairs`)
  }
  connection.close()

  const rows = [...times].map(([route, { known, unknown }]) => ({
    route,
    known: median(known),
    unknown: median(unknown),
    told: distinguishable(known, unknown),
  }))
  return {
    scenario: 'enumeration',
    notes: [
      `${options.pairs} names with an account and as many without, each asked for once, side by side; web and worker in one process.`,
      'AUC: how well one answer tells the two apart, 0.5 for not at all.',
    ],
    table: rows.map(({ route, known, unknown, told }) => ({
      route,
      'known p50 ms': rounded(known),
      'unknown p50 ms': rounded(unknown),
      'difference ms': rounded(known - unknown),
      AUC: told.toFixed(3),
    })),
    aims: rows.flatMap(({ route, known, unknown, told }) => [
      atMost(`${route}, AUC`, told, 0.55),
      atMost(`${route}, difference of medians, ms`, Math.abs(known - unknown), 2),
    ]),
  }
}

type Visit = Awaited<ReturnType<typeof visit>>

let networks = 0

/** One browser, from a network of its own, on its way with one name. */
async function visit(
  people: People,
  connection: Connection,
  port: number,
  name: string,
  account: SignedUp | undefined,
) {
  networks += 1
  const browser = people.browser()
  const headers = [
    `host: localhost:${port}`,
    'accept: text/html',
    `cookie: browser=${browser.token}`,
    `x-forwarded-for: 10.${networks >> 8}.${networks & 255}.7`,
    'sec-fetch-site: same-origin',
  ].join('\r\n')
  let revision = 0
  let flowId = ''
  let page = ''
  const exchange = async (request: string, expected: number[]) => {
    const began = performance.now()
    const answer = await connection.exchange(request)
    const took = performance.now() - began
    if (!expected.includes(answer.status)) throw new Error(`${request}\n\n${answer.status} ${answer.body}`)
    return { answer, took }
  }
  const post = async (path: string, scope: string, fields: Record<string, string>) => {
    const body = new URLSearchParams({ form: people.formToken(browser, scope), ...fields }).toString()
    const about = `content-type: application/x-www-form-urlencoded\r\ncontent-length: ${body.length}`
    return exchange(`POST ${path} HTTP/1.1\r\n${headers}\r\n${about}\r\n\r\n${body}`, [303, 422])
  }
  return {
    name,
    async begin(path: '/signin' | '/signup', fields: Record<string, string>): Promise<number> {
      const { answer, took } = await post(path, 'begin', fields)
      flowId = /\r\nlocation: \/sign\w+\/([0-9a-f-]{36})\r\n/i.exec(answer.head)?.[1] ?? ''
      revision = 0
      if (flowId === '') throw new Error(`No flow began at ${path} for ${name}: ${answer.body}`)
      return took
    },
    async step(fields: Record<string, string>): Promise<number> {
      const sent = { revision: String(revision), ...fields }
      const { took } = await post(`/signin/${flowId}`, `flow ${flowId}`, sent)
      revision += 1
      return took
    },
    async look(path: '/signin' | '/signup' = '/signin'): Promise<number> {
      const { answer, took } = await exchange(`GET ${path}/${flowId} HTTP/1.1\r\n${headers}\r\n\r\n`, [200])
      page = answer.body
      return took
    },
    /** The first contact on the page that was looked at. */
    item: () => /name="item"[^>]* value="([^"]+)"/.exec(page)?.[1] ?? '',
    useUpGuesses: () => people.useUpGuesses(name, account),
  }
}

/** Each form that takes a name or leads on from one, in the order in which somebody comes by them. */
const forms: { name: string; work: (visit: Visit) => Promise<Record<string, number>> }[] = [
  {
    name: 'the name',
    work: async ({ begin, name, look }) => ({
      form: await begin('/signin', { username: name }),
      page: await look(),
    }),
  },
  {
    name: 'a wrong password',
    work: async ({ step }) => ({ form: await step({ act: 'password', password: 'not the password' }) }),
  },
  {
    name: 'a password, the guesses used up',
    async work({ step, look, useUpGuesses }) {
      await useUpGuesses()
      return { form: await step({ act: 'password', password: 'not the password' }), page: await look() }
    },
  },
  {
    name: 'a contact',
    work: async ({ step, item, look }) => ({
      form: await step({ act: 'choose', item: item() }),
      page: await look(),
    }),
  },
  {
    name: 'its hidden part',
    async work({ step, name, look }) {
      const times = { form: await step({ act: 'confirm', address: name }), page: await look() }
      await sleep(mailIsSent)
      return times
    },
  },
  {
    name: 'a wrong code',
    work: async ({ step }) => ({ form: await step({ act: 'code', code: '00000000' }) }),
  },
  {
    name: 'the address of a sign-up',
    async work({ begin, name, look }) {
      const times = { form: await begin('/signup', { email: name }), page: await look('/signup') }
      await sleep(mailIsSent)
      return times
    },
  },
]
