import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { readConfig } from '../../src/config.ts'
import { openSilentLog } from '../../src/log.ts'
import { createApiKey } from '../../src/operations/administration/api-keys.ts'
import { inviteAdministrator } from '../../src/operations/administration/invitations.ts'
import { startService } from '../../src/service.ts'
import { openDatabase } from '../../src/storage/sql.ts'
import { firstKey } from './countersign.ts'
import { migratedOnRealClock } from './databases.ts'
import { openNetwork } from './network.ts'

export type ShownMessage = {
  id: string
  channel: 'email' | 'sms'
  to: string
  subject: string | null
  text: string
  html: string | null
  sent_at: string
  reference: string
}

/**
 * The whole service in this process, on a database of its own in the server of the run; with an application's key, and
 * the link for the first administrator.
 */
export async function openRunningService(environment: Record<string, string> = {}) {
  const place = await migratedOnRealClock()
  const database = openDatabase({
    connection: place.connection,
    poolSize: 1,
    preparedStatements: true,
    onIdleFault: () => {},
  })
  const { text: key } = await createApiKey(database, 'First application', 'pages')
  const invitation = await inviteAdministrator(database)
  const service = await start({ DATABASE_URL: place.url, ...environment })
  const client = clientOf(service.url, key)
  const network = openNetwork()

  /** Waits until nothing is due: what was asked for by then is in the inbox. */
  async function carried(): Promise<void> {
    for (let patience = 2000; patience > 0; patience -= 1) {
      const [row] = await database.sql<{ due: number }>`
        select count(*)::int as due from message where state = 'queued' and due_at <= now()`
      if (row?.due === 0) return
      await sleep(5)
    }
    throw new Error('Messages are still due.')
  }

  return {
    ...service,
    ...client,
    administratorLink: `${service.url}/administrator/${invitation}`,
    /** For people without a browser. */
    app: network.at(() => Number(new URL(service.url).port)),
    /** The newest code to an address. */
    async readCode(to: string): Promise<string> {
      await carried()
      const code = (await client.inbox(to)).map(codeIn).find((one) => one !== '')
      if (code === undefined) throw new Error(`No code has come for ${to}.`)
      return code
    },
    async close() {
      network.close()
      await service.close()
      await database.close()
      await place.drop()
    },
  }
}

export type RunningService = Awaited<ReturnType<typeof openRunningService>>

/** As `npm start` runs it on a folder of its own, with nothing set: the bundled PostgreSQL, and what a first start makes. */
export async function openFirstStart() {
  const service = await start({})
  return { ...service, ...clientOf(service.url, firstKey(service.dataDir)) }
}

async function start(environment: Record<string, string>) {
  const dataDir = mkdtempSync(join(tmpdir(), 'countersign-pages-'))
  const given = { PORT: '0', DATA_DIR: dataDir, OPERATOR_NAME: 'Harbour Library', ...environment }
  const config = readConfig(given, join(dataDir, 'no.env'))
  const service = await startService(config, 'all', openSilentLog(), () => 0)
  return {
    url: service.publicUrl ?? '',
    dataDir,
    async close() {
      await service.stop()
      rmSync(dataDir, { recursive: true, force: true, maxRetries: 5 })
    },
  }
}

/** What an application does by the API, and what lies in the built-in inbox. */
function clientOf(url: string, key: string) {
  const inbox = async (to: string): Promise<ShownMessage[]> => {
    const query = new URLSearchParams({ to })
    const answer = await fetch(`${url}/inbox?${query}`, { headers: { Accept: 'application/json' } })
    return ((await answer.json()) as { messages: ShownMessage[] }).messages
  }
  const api = (path: string, body: object, headers: Record<string, string> = {}) =>
    fetch(`${url}/v1/verifications${path}`, {
      method: 'POST',
      headers: { Authorization: `Bearer ${key}`, 'Content-Type': 'application/json', ...headers },
      body: JSON.stringify(body),
    })

  return {
    key,
    inbox,
    api,
    /** Asks for a code and waits until its message is in the inbox. */
    async send(to: { email: string } | { phone: string }, locale = 'en') {
      const address = Object.values(to)[0] as string
      const before = (await inbox(address)).length
      const issued = (await (await api('', { to, locale })).json()) as { id: string }
      for (let patience = 200; patience > 0; patience -= 1) {
        const [newest, ...others] = await inbox(address)
        if (newest !== undefined && others.length === before)
          return { verificationId: issued.id, message: newest }
        await sleep(20)
      }
      throw new Error(`Nothing came for ${address}.`)
    },
  }
}

/** The link "I didn't ask for this" in a message. */
export const reportLink = ({ text }: ShownMessage): string => /\S+\/report\/\S+/.exec(text)?.[0] ?? ''

/** The code in a message, of six digits or eight, however it is grouped. */
export const codeIn = ({ text }: ShownMessage): string =>
  /^\s*(\d{3,4}) ?(\d{3,4})\s*$/m.exec(text)?.slice(1).join('') ?? ''

/** The code in a message, without its space. */
export const codeOf = ({ text }: ShownMessage): string =>
  /\b(\d{3}) ?(\d{3})\b/.exec(text)?.slice(1).join('') ?? ''
