import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { readConfig } from '../../src/config.ts'
import { openLog } from '../../src/log.ts'
import { startService } from '../../src/service.ts'
import { firstKey } from './countersign.ts'

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

/** The whole service in this process, as `npm start` runs it with nothing set but what is given. */
export async function openRunningService(environment: Record<string, string> = {}) {
  const dataDir = mkdtempSync(join(tmpdir(), 'countersign-pages-'))
  const given = { PORT: '0', DATA_DIR: dataDir, OPERATOR_NAME: 'Harbour Library', ...environment }
  const service = await startService(readConfig(given, join(dataDir, 'no.env')), 'all', openLog('silent'))
  const url = service.publicUrl ?? ''
  const key = firstKey(dataDir)

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
    url,
    key,
    dataDir,
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
    async close() {
      await service.stop()
      rmSync(dataDir, { recursive: true, force: true, maxRetries: 5 })
    },
  }
}

export type RunningService = Awaited<ReturnType<typeof openRunningService>>

/** The link "I didn't ask for this" in a message. */
export const reportLink = ({ text }: ShownMessage): string => /\S+\/report\/\S+/.exec(text)?.[0] ?? ''

/** The code in a message, without its space. */
export const codeOf = ({ text }: ShownMessage): string =>
  /\b(\d{3}) ?(\d{3})\b/.exec(text)?.slice(1).join('') ?? ''
