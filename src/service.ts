import { chmodSync, existsSync, readFileSync, writeFileSync } from 'node:fs'
import type { Server } from 'node:http'
import { Server as NetServer } from 'node:net'
import { join } from 'node:path'
import { serve } from '@hono/node-server'
import { isLoopbackHost } from './config/loopback.ts'
import type { Config } from './config.ts'
import { shardQuota } from './core/verifications/limits.ts'
import { openInbox } from './delivery/inbox.ts'
import { openOutbox } from './delivery/outbox.ts'
import type { Provider } from './delivery/provider.ts'
import { buildApp } from './http/app.ts'

import { openClientAddress } from './http/client-address.ts'

import { inboxTopic } from './http/pages/inbox/inbox.tsx'
import { openNews } from './http/stream.ts'

import { allListening, whyNotListening } from './listening.ts'
import { describeFault, type Log } from './log.ts'
import { openMetrics, serveMetrics } from './metrics.ts'
import { ClockSetBack } from './operations/clock.ts'
import type { Deps, PlaceOf } from './operations/deps.ts'
import { createApiKey, openAuthentication } from './operations/running/api-keys.ts'
import { openClockWatch } from './operations/running/clock-watch.ts'
import { inviteAdministrator } from './operations/running/invitations.ts'
import { keepHouse } from './operations/running/keep-house.ts'
import { readiness } from './operations/running/readiness.ts'
import { gatherVerifications } from './operations/verifications/together.ts'
import { followKeyring } from './secrets/keyring-file.ts'
import { HashingBusy } from './secrets/password-hash.ts'
import { newId } from './secrets/random.ts'
import { hasKeys } from './storage/application.ts'
import { prepareGuessSql } from './storage/guesses.ts'
import { listen } from './storage/listener.ts'
import { outboxDepth, releaseLeases } from './storage/message.ts'
import { isUnavailable } from './storage/sql.ts'
import { prepareVerificationSql } from './storage/verification-sql.ts'
import { openStore, type Store } from './store.ts'

/** `all` does both; `web` answers requests, `worker` carries messages and keeps house. */
export type Role = 'all' | 'web' | 'worker'

export type Service = {
  /** Where the service is reached; undefined for a worker. */
  publicUrl: string | undefined
  firstRun: { file: string; apiKey: string | undefined; administratorLink: string | undefined } | undefined
  /** Takes no new requests, finishes those under way, and closes everything. */
  stop(): Promise<void>
  onLost(listener: () => void): void
}

const outboxChannel = 'countersign_outbox'
/** Word that something is due goes out at most this often, for any number of requests. */
const notifyEvery = 10
const lookAtClockEvery = 10_000

/** @throws CannotListen, ConfigMistakes and what openStore throws: nothing is left running */
export async function startService(config: Config, role: Role, log: Log): Promise<Service> {
  const store = await openStore(config, log)
  return startOn(store, config, role, log).catch(async (fault) => {
    await store.close()
    throw fault
  })
}

async function startOn(store: Store, config: Config, role: Role, log: Log): Promise<Service> {
  const onFault = (fault: unknown, about: string) => log.error({ err: describeFault(fault) }, about)
  const keyring = await followKeyring(config.keyringFile, Date.now())
  const limits = shardQuota(config.policy.limits)
  const { sql } = store.database
  const verificationSql = prepareVerificationSql(limits.rules)
  const news = openNews()
  const metrics = openMetrics(() => outboxDepth(sql))

  const clock = openClockWatch(sql, (fault) => onFault(fault, 'Watching the clock'))
  // Where it can't be asked, whoever needs it says so.
  const clockLooks = setInterval(() => clock.look().catch(() => undefined), lookAtClockEvery)

  let wakeOutbox = () => {}
  let isServing = false
  const deps: Deps = {
    database: store.database,
    keyring,
    policy: config.policy,
    limits,
    verificationSql,
    together: gatherVerifications(sql, verificationSql),
    guessSql: prepareGuessSql(limits.rules),
    operatorName: config.OPERATOR_NAME,
    channels: new Set(config.inbox ? ['email', 'sms'] : ['email']),
    placeOf: config.PLACES_FILE === undefined ? () => undefined : await openPlaceFile(config.PLACES_FILE),
    wakeOutbox: () => wakeOutbox(),
  }
  const [web, metricsServer] = await allListening([
    role === 'worker' ? Promise.resolve(undefined) : serveWeb(),
    config.METRICS_PORT === undefined ? Promise.resolve(undefined) : servePrometheus(config.METRICS_PORT),
  ])
  const publicUrl = config.publicUrl ?? (web && `http://localhost:${web.port}`)
  const worker = role === 'web' ? undefined : await startWorker()
  wakeOutbox = worker?.wake ?? notifier(sql, onFault)
  const firstRun = role === 'worker' ? undefined : await firstRunOf(config, store, publicUrl)
  if (web !== undefined && publicUrl !== undefined) store.noteUrl(publicUrl)

  async function serveWeb() {
    const { promise, resolve, reject } = Promise.withResolvers<number>()
    const server = serve(
      { fetch: (request, env) => app.fetch(request, env), port: config.PORT, hostname: config.HOST },
      ({ port }) => resolve(port),
    ) as Server
    const place = { names: ['PORT', 'HOST'], port: config.PORT, host: config.HOST } as const
    server.once('error', (fault) => reject(whyNotListening(fault, place)))
    server.keepAliveTimeout = 75_000
    // A form is a few hundred bytes: who takes longer to send one holds what was looked up for it.
    server.requestTimeout = 20_000
    const port = await promise
    const publicUrl = config.publicUrl ?? `http://localhost:${port}`
    const app = buildApp({
      deps,
      authenticate: openAuthentication(sql),
      publicUrl,
      clock: Date.now,
      newRequestId: newId,
      isUnavailable: (fault) =>
        isUnavailable(fault) || fault instanceof HashingBusy || fault instanceof ClockSetBack,
      observe(seen) {
        metrics.observe(seen)
        if (seen.status >= 500) log.warn(seen, 'Answered with a fault.')
        else log.debug(seen, 'Answered.')
      },
      onFault,
      health: { readiness: () => readiness(sql, clock), isServing: () => isServing },
      pages: {
        looks: { accent: config.ACCENT_COLOR, logo: config.LOGO_FILE },
        site: {
          name: config.OPERATOR_NAME,
          publicUrl,
          supportAddress: config.SUPPORT_ADDRESS,
          inbox: config.inbox && isLoopbackHost(config.HOST) && isLoopbackHost(new URL(publicUrl).hostname),
        },
        people: {
          sender: { name: config.OPERATOR_NAME, address: config.mailFrom },
          clientAddress: openClientAddress(config.TRUSTED_PROXIES),
        },
        news,
      },
    })
    return { server, port }
  }

  async function servePrometheus(port: number) {
    const host = config.METRICS_HOST
    const place = { names: ['METRICS_PORT', 'METRICS_HOST'], port, host } as const
    return serveMetrics(metrics.registry, port, host).catch((fault) => {
      throw whyNotListening(fault, place)
    })
  }

  async function startWorker() {
    // The folder is ours alone, so whoever leased a message is dead: readers of its mail need not wait for the lapse.
    if (config.DATABASE_URL === undefined) await releaseLeases(sql)
    const outbox = openOutbox({
      sql,
      keyring,
      providers: [await openProvider()],
      letterhead: {
        sender: { name: config.OPERATOR_NAME, address: config.mailFrom },
        publicUrl: publicUrl ?? 'http://localhost',
      },
      concurrency: config.OUTBOX_CONCURRENCY,
      onOutcome: metrics.delivered,
      onFault,
    })
    const listener = listen(store.connection, outboxChannel, outbox.wake, (fault) =>
      log.warn({ err: describeFault(fault) }, 'Not listening for due messages just now.'),
    )
    const house = keepHouse(store.database, config.policy, onFault)
    return {
      wake: outbox.wake,
      async stop() {
        await Promise.all([outbox.stop(), listener.close(), house.stop()])
      },
    }
  }

  async function openProvider(): Promise<Provider> {
    if (config.SMTP_URL === undefined) return openInbox(sql, keyring, () => news.tell(inboxTopic))
    const { openSmtp } = await import('./delivery/smtp.ts')
    return openSmtp({
      url: config.SMTP_URL,
      from: { name: config.OPERATOR_NAME, address: config.mailFrom },
      maxConnections: config.SMTP_CONNECTIONS,
      ...(config.SMTP_CA_FILE !== undefined && { ca: config.SMTP_CA_FILE }),
      ...(config.DKIM_KEY_FILE !== undefined && {
        dkim: {
          domain: config.DKIM_DOMAIN ?? config.mailFrom.split('@').at(-1) ?? '',
          selector: config.DKIM_SELECTOR ?? '',
          privateKey: config.DKIM_KEY_FILE,
        },
      }),
    })
  }

  isServing = true
  return {
    publicUrl,
    firstRun,
    onLost: store.onLost,
    async stop() {
      isServing = false
      clearInterval(clockLooks)
      news.close()
      if (web) await drain(web.server)
      await worker?.stop()
      metricsServer?.close()
      keyring.close()
      await store.close()
    },
  }
}

async function openPlaceFile(file: Buffer): Promise<PlaceOf> {
  const { openPlaces } = await import('./places.ts')
  return openPlaces(file)
}

/** Long enough for a connection that was just made to bring its request. */
const lastRequestsWithin = 200

/**
 * Finishes the requests under way, then lets go of every connection. A client that keeps its connection busy is told
 * to open another one, at the next process: or it would keep this one from ending.
 */
async function drain(server: Server): Promise<void> {
  const closed = new Promise((resolve) => server.once('close', resolve))
  server.prependListener('request', (_request, response) => response.setHeader('Connection', 'close'))
  // Not http's own close: it would at once cut connections that have not brought their first request yet.
  NetServer.prototype.close.call(server)
  const letGo = setInterval(() => server.closeIdleConnections(), lastRequestsWithin)
  const impatience = setTimeout(() => server.closeAllConnections(), 6000)
  await closed
  clearInterval(letGo)
  clearTimeout(impatience)
}

/** Tells workers in other processes that something is due: after the commit, and once for many requests. */
function notifier(
  sql: Store['database']['sql'],
  onFault: (fault: unknown, about: string) => void,
): () => void {
  let told = false
  return () => {
    if (told) return
    told = true
    setTimeout(() => {
      told = false
      sql`select pg_notify(${outboxChannel}, '')`.catch((fault) =>
        onFault(fault, 'Telling workers of due messages'),
      )
    }, notifyEvery)
  }
}

/**
 * Where nobody has a key yet, the first is made and written to a file that only the operator can read; the file comes
 * first, since a key that was stored and not shown would be lost. Until there is an administrator, each start makes a
 * new link for the first.
 */
async function firstRunOf(
  config: Config,
  store: Store,
  url: string | undefined,
): Promise<Service['firstRun']> {
  const file = join(config.DATA_DIR, 'first-run.json')
  if (config.DATABASE_URL !== undefined) return undefined
  const keep = (more: object) => {
    const before = existsSync(file) ? firstRunIn(readFileSync(file, 'utf8')) : {}
    const text = `${JSON.stringify({ ...before, url, ...(config.inbox && { inbox: `${url}/inbox` }), ...more }, null, 2)}\n`
    writeFileSync(file, text, { mode: 0o600, flush: true })
    chmodSync(file, 0o600)
  }
  const invitation = await inviteAdministrator(store.database)
  const administratorLink = invitation && `${url}/administrator/${invitation}`
  let apiKey: string | undefined
  if (!(await hasKeys(store.database.sql))) {
    const made = await createApiKey(store.database, 'First application', 'first-run', ({ text }) =>
      keep({ api_key: text }),
    )
    apiKey = made.text
  }
  if (existsSync(file)) keep({ administrator_link: administratorLink })
  return existsSync(file) ? { file, apiKey, administratorLink } : undefined
}

/** A file that somebody has written into is no reason not to start. */
function firstRunIn(text: string): object {
  try {
    return Object(JSON.parse(text))
  } catch {
    return {}
  }
}
