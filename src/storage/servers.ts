import pg from 'pg'
import { type Duration, seconds } from '../core/time.ts'

/** One way to a server: where it is, and whether it is spoken to over TLS. */
export type Route = Pick<pg.ClientConfig, 'host' | 'port' | 'ssl'>

/** How the database is reached. Of several servers the one that takes writes is used; the others are its standbys. */
export type Connection = pg.ClientConfig & { routes?: readonly Route[] }

/** The server answers and refuses every write. */
export class OnlyReads extends Error {
  constructor() {
    super('the server only reads: it is a standby, or it is set to read only')
  }
}

/** What each of several servers answered; none can be used. */
export class NoServer extends Error {
  readonly faults: readonly unknown[]

  constructor(failures: ReadonlyMap<Route, unknown>) {
    super([...failures].map(([route, fault]) => `${nameOf(route)}: ${wordsOf(fault)}`).join('; '))
    this.faults = [...failures.values()]
  }
}

/** A fault in one line. Where a name has several addresses, Node puts what each answered into an error without words. */
export function wordsOf(fault: unknown): string {
  if (fault instanceof AggregateError) return fault.errors.map(wordsOf).join(', ')
  return fault instanceof Error ? fault.message : String(fault)
}

const nameOf = ({ host, port }: Route): string => `${host ?? 'localhost'}:${port ?? pg.defaults.port}`

/** @throws OnlyReads */
export async function assertTakesWrites(client: pg.ClientBase): Promise<void> {
  const { rows } = await client.query<{ only_reads: boolean }>(
    `select pg_is_in_recovery() or current_setting('transaction_read_only')::boolean as only_reads`,
  )
  if (rows[0]?.only_reads) throw new OnlyReads()
}

/** Which way to the database is tried next: the last one that worked, until it fails. */
export function openRoutes({ routes = [{}] }: Connection) {
  let current = 0
  return {
    hasSeveralServers: routes.some((route) => !isSameServer(route, routes[0])),
    current: (): Route => routes[current] ?? {},
    /** Called where this way failed. @returns whether another one may work at once */
    moveOn(failed: Route, fault: unknown): boolean {
      const at = routes.indexOf(failed)
      // Somebody else found that out before.
      if (at !== current) return true
      const same = routes[at + 1]
      if (same !== undefined && isSameServer(same, failed) && wantsOtherEncryption(fault)) {
        current = at + 1
        return true
      }
      const others = [...routes.slice(at + 1), ...routes.slice(0, at)]
      const other = others.find((route) => !isSameServer(route, failed))
      current = routes.indexOf(other ?? routes.find((route) => isSameServer(route, failed)) ?? failed)
      return other !== undefined
    },
  }
}

const isSameServer = (one: Route, other: Route | undefined): boolean =>
  one.host === other?.host && one.port === other?.port

/** The server has no TLS, or its access rules (28000) let nobody in so: with `prefer` and `allow` the other is tried. */
const wantsOtherEncryption = (fault: unknown): boolean =>
  fault instanceof pg.DatabaseError
    ? fault.code === '28000'
    : fault instanceof Error && /SSL connection/.test(fault.message)

/** For what is done once, at a start or by a command. */
const connectPatience: Duration = seconds(10)

/**
 * A connection of its own, to the first server that lets us in; of several, to the one that takes writes.
 *
 * @throws the fault of the only server, or NoServer
 */
export async function connectClient(connection: Connection): Promise<pg.Client> {
  const routes = openRoutes(connection)
  const failures = new Map<Route, unknown>()
  for (;;) {
    const route = routes.current()
    const client = new pg.Client({ connectionTimeoutMillis: connectPatience, ...connection, ...route })
    // What broke is told by the statement that then fails.
    client.on('error', () => {})
    try {
      await client.connect()
      if (routes.hasSeveralServers) await assertTakesWrites(client)
      return client
    } catch (fault) {
      client.end().catch(() => undefined)
      failures.set(route, fault)
      if (routes.moveOn(route, fault) && !failures.has(routes.current())) continue
      throw routes.hasSeveralServers ? new NoServer(failures) : fault
    }
  }
}
