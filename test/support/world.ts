import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { getCountries } from 'libphonenumber-js/max'
import { defaultPolicy, type Policy } from '../../src/core/policy.ts'
import type { Duration, Instant } from '../../src/core/time.ts'
import type { Channel } from '../../src/core/verifications/delivery.ts'
import { shardQuota } from '../../src/core/verifications/limits.ts'
import { openInbox } from '../../src/delivery/inbox.ts'
import { type Outbox, openOutbox } from '../../src/delivery/outbox.ts'
import type { Provider } from '../../src/delivery/provider.ts'
import { buildApp } from '../../src/http/app.ts'
import { openClientAddress } from '../../src/http/client-address.ts'
import { openNews } from '../../src/http/stream.ts'
import type { Deps } from '../../src/operations/deps.ts'
import { createApiKey, openAuthentication } from '../../src/operations/running/api-keys.ts'
import { readiness } from '../../src/operations/running/readiness.ts'
import { gatherVerifications } from '../../src/operations/verifications/together.ts'
import type { Keyring } from '../../src/secrets/keyring.ts'
import { followKeyring, rotateKeyringFile } from '../../src/secrets/keyring-file.ts'
import { HashingBusy } from '../../src/secrets/password-hash.ts'
import { newId } from '../../src/secrets/random.ts'
import { prepareGuessSql } from '../../src/storage/guesses.ts'
import type { InboxContent } from '../../src/storage/inbox.ts'
import { type Database, isUnavailable, openDatabase, type Sql } from '../../src/storage/sql.ts'
import { prepareVerificationSql } from '../../src/storage/verification-sql.ts'
import { migratedDatabase } from './databases.ts'

/** An answer of the API: the fields that stories look at, and whatever else it holds. */
export type Answer = { status: number; headers: Headers; body: Wire }

export type Wire = {
  id: string
  status: string | number
  code: string
  channel: string
  to: { email?: string; phone?: string }
  created_at: string
  expires_at: string
  resend_at: string | null
  attempts_left: number
  retry_after: number
  retry_at: string
  limit: string
  detail: string
  errors: { pointer: string; problem: string }[]
  deliveries: WireDelivery[]
  [name: string]: unknown
}

export type WireDelivery = {
  id: string
  channel: string
  status: string
  queued_at: string
  next_try_at?: string
  events: { at: string; kind: string; provider: string; by?: string; cause?: string; status?: string }[]
}

/** A program that uses the API with a key of its own. */
export type Client = {
  applicationId: string
  keyId: string
  token: string
  get(path: string, headers?: Record<string, string>): Promise<Answer>
  post(path: string, body?: unknown, headers?: Record<string, string>): Promise<Answer>
  /** Asks for a code to an address or number. */
  issue(to: string, more?: object, headers?: Record<string, string>): Promise<Answer>
  check(id: string, code: string): Promise<Answer>
  resend(id: string, channel?: Channel): Promise<Answer>
  read(id: string): Promise<Answer>
  cancel(id: string): Promise<Answer>
}

export type InboxMessage = InboxContent & { code: string }

export type World = {
  /** The moment that application and database take to be now. It stands still until it is moved. */
  readonly now: Instant
  advance(time: Duration): Promise<void>
  travelTo(moment: Instant): Promise<void>
  app: ReturnType<typeof buildApp>
  deps: Deps
  sql: Sql
  application(name?: string): Promise<Client>
  /** The same application, at a process whose clock is ahead of the database's. */
  onClockAhead(client: Client, ahead: Duration): Client
  /** What has come for an address or number, oldest first, once everything due has been carried. */
  inbox(to: string): Promise<InboxMessage[]>
  /** The newest code to an address or number. */
  readCode(to: string): Promise<string>
  /** Waits until nothing is due, unless the worker is away. */
  carried(): Promise<void>
  /** While it is away, what is due stays due. */
  worker: { leave(): Promise<void>; comeBack(): void }
  rotateKeys(): Promise<void>
  close(): Promise<void>
}

/** What people and their accounts need of a world: whatever answers them, and the tables and keys behind it. */
export type Ground = Pick<World, 'now' | 'sql' | 'readCode'> & {
  app: {
    request(
      url: string,
      sent: { method: string; headers: [string, string][]; body?: string },
      from: { incoming: { socket: { remoteAddress: string } } },
    ): Response | Promise<Response>
  }
  deps: { database: Pick<Database, 'transaction'>; keyring: { current(): Keyring } }
}

export type WorldSettings = {
  policy?: Policy
  /** The built-in inbox, unless the story is about another. */
  provider?: Provider
  channels?: readonly Channel[]
  placeOf?: Deps['placeOf']
  /** Commits are not waited for until they are on the disk: for tests that make tens of thousands. */
  hurried?: true
  /** Where a real browser finds it. */
  publicUrl?: string
  /** For a story about faults of ours, which fail any other. */
  onFault?: (fault: unknown) => void
}

/** Where people without a real browser find it. */
export const publicUrl = 'https://codes.harbour.test'
const beginning: Instant = Date.UTC(2026, 5, 1, 9)

/** A fresh database, the real app and a real worker, on a clock that the test moves. */
export async function openWorld(settings: WorldSettings = {}): Promise<World> {
  const { connection: asMade, drop } = await migratedDatabase()
  const connection = settings.hurried
    ? { ...asMade, options: `${asMade.options} -c synchronous_commit=off` }
    : asMade
  const folder = mkdtempSync(join(tmpdir(), 'countersign-world-'))
  const keyringFile = join(folder, 'keyring')
  let now = beginning
  let closing = false
  const onIdleFault = (fault: Error) => closing || raise(fault)
  const database = openDatabase({ connection, poolSize: 6, preparedStatements: true, onIdleFault })
  const { sql } = database
  const keyring = await followKeyring(keyringFile, now)
  const policy = settings.policy ?? policyForStories
  const limits = shardQuota(policy.limits)
  const address = settings.publicUrl ?? publicUrl
  const verificationSql = prepareVerificationSql(limits.rules)
  const provider = settings.provider ?? openInbox(sql, keyring, () => {})
  const startWorker = () =>
    openOutbox({
      sql,
      keyring,
      providers: [provider],
      letterhead: { sender: { name: 'Harbour', address: 'codes@harbour.test' }, publicUrl: address },
      concurrency: 8,
      onOutcome: () => {},
      onFault: raise,
    })
  let outbox: Outbox | undefined = startWorker()
  const deps: Deps = {
    database,
    keyring,
    policy,
    limits,
    verificationSql,
    together: gatherVerifications(sql, verificationSql),
    guessSql: prepareGuessSql(limits.rules),
    operatorName: 'Harbour',
    channels: new Set(settings.channels ?? ['email', 'sms']),
    placeOf: settings.placeOf ?? (() => undefined),
    wakeOutbox: () => outbox?.wake(),
  }
  const processWhose = (clock: () => Instant) =>
    buildApp({
      deps,
      authenticate: openAuthentication(sql),
      publicUrl: address,
      clock,
      newRequestId: newId,
      isUnavailable: (fault) => isUnavailable(fault) || fault instanceof HashingBusy,
      observe: () => {},
      onFault: settings.onFault ?? raise,
      health: { readiness: () => readiness(sql), isServing: () => true },
      pages: {
        looks: { accent: undefined, logo: undefined },
        site: { name: 'Harbour', publicUrl: address, supportAddress: undefined, inbox: false },
        people: {
          sender: { name: 'Harbour', address: 'codes@harbour.test' },
          clientAddress: openClientAddress(['192.0.2.1']),
        },
        news: openNews(),
      },
    })
  const app = processWhose(() => now)

  /** What is due now is carried now, not then. */
  async function travelTo(moment: Instant): Promise<void> {
    await carried()
    await sql`update test_clock.clock set at = ${new Date(moment)}`
    now = moment
    outbox?.wake()
  }

  async function carried(): Promise<void> {
    outbox?.wake()
    for (let patience = 2000; patience > 0; patience -= 1) {
      if (outbox === undefined) return
      const [row] = await sql<{ due: number }>`
        select count(*)::int as due from message where state = 'queued' and due_at <= statement_timestamp()`
      if (row?.due === 0) return
      await sleep(3)
    }
    throw new Error('Messages are still due.')
  }

  async function inbox(to: string): Promise<InboxMessage[]> {
    await carried()
    // On a clock that stands still the order is that of the transactions; places of erased rows are used again.
    const rows = await sql<{ id: string; code_key: string; sealed: Buffer }>`
      select i.id, i.code_key, i.sealed from inbox_message i join message m on m.id = i.id
      order by m.created_at, i.xmin::text::bigint`
    return rows
      .map(({ id, code_key, sealed }) => keyring.current().find(code_key)?.open(sealed, id) ?? '{}')
      .map((text) => JSON.parse(text) as InboxContent)
      .filter((content) => content.to === to)
      .map((content) => ({ ...content, code: codeIn(content.text) }))
  }

  await travelTo(beginning)
  return {
    get now() {
      return now
    },
    travelTo,
    advance: (time) => travelTo(now + time),
    app,
    deps,
    sql,
    async application(name = `Shop ${newId().slice(0, 8)}`) {
      const key = await createApiKey(database, name, 'stories')
      return { applicationId: key.applicationId, keyId: key.id, token: key.text, ...clientOf(app, key.text) }
    },
    onClockAhead: (client, ahead) => ({
      ...client,
      ...clientOf(
        processWhose(() => now + ahead),
        client.token,
      ),
    }),
    inbox,
    async readCode(to) {
      const code = (await inbox(to)).findLast((message) => message.code !== '')?.code
      if (code === undefined) throw new Error(`Nothing has come for ${to}.`)
      return code
    },
    carried,
    worker: {
      async leave() {
        await outbox?.stop()
        outbox = undefined
      },
      comeBack() {
        outbox ??= startWorker()
      },
    },
    async rotateKeys() {
      await rotateKeyringFile(keyringFile, now)
      await keyring.refresh()
    },
    async close() {
      await outbox?.stop()
      await provider.close()
      closing = true
      keyring.close()
      await database.close()
      await drop()
      rmSync(folder, { recursive: true })
    },
  }
}

/** The defaults, with phones on as they are with the built-in inbox. */
export const policyForStories: Policy = {
  ...defaultPolicy,
  phones: { ...defaultPolicy.phones, countries: getCountries() },
}

/** The default policy with other windows for some limits. */
export const withLimits = (limits: Partial<Policy['limits']>): Policy => ({
  ...policyForStories,
  limits: { ...policyForStories.limits, ...limits },
})

/** Nothing in a story is a fault of ours; one that happens in the background fails the test all the same. */
function raise(fault: unknown): never {
  throw new Error('A fault in the background.', { cause: fault })
}

/** The first line that begins with a code, as mails and texts have it. */
const codeIn = (text: string): string =>
  /^\s*(\d{3} \d{3}|\d{4} \d{4}|\d{6}|\d{8})(?!\d)/m.exec(text)?.[1]?.replace(' ', '') ?? ''

export const addressOf = (to: string) => (to.includes('@') ? { email: to } : { phone: to })

/** Another code of the same length: never the right one. */
export const wrongCode = (right: string, nth = 1): string =>
  String((Number(right) + nth) % 10 ** right.length).padStart(right.length, '0')

function clientOf(app: ReturnType<typeof buildApp>, token: string) {
  const authorization = { Authorization: `Bearer ${token}` }
  const post: Client['post'] = async (path, body, headers = {}) =>
    answerOf(
      await app.request(`/v1/verifications${path}`, {
        method: 'POST',
        headers: { ...authorization, 'Content-Type': 'application/json', ...headers },
        ...(body !== undefined && { body: JSON.stringify(body) }),
      }),
    )
  const get: Client['get'] = async (path, headers = {}) =>
    answerOf(await app.request(`/v1/verifications${path}`, { headers: { ...authorization, ...headers } }))
  return {
    get,
    post,
    issue: (to, more = {}, headers = {}) => post('', { to: addressOf(to), ...more }, headers),
    check: (id, code) => post(`/${id}/attempts`, { code }),
    resend: (id, channel) => post(`/${id}/sends`, channel && { channel }),
    read: (id) => get(`/${id}`),
    cancel: (id) => post(`/${id}/cancellation`),
  } satisfies Partial<Client>
}

const answerOf = async (response: Response): Promise<Answer> => ({
  status: response.status,
  headers: response.headers,
  body: (await response.json()) as Wire,
})
