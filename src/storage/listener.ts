import pg from 'pg'
import { type Connection, openRoutes } from './servers.ts'

export type Listener = { close(): Promise<void> }

const reconnectAfter = 500
const connectPatience = 10_000

/** Hears NOTIFY on a connection of its own, since a pooled one (PgBouncer in transaction mode) would not. */
export function listen(
  connection: Connection,
  channel: string,
  heard: () => void,
  onFault: (fault: unknown) => void,
): Listener {
  const routes = openRoutes(connection)
  let current: pg.Client | undefined
  let retry: NodeJS.Timeout | undefined
  let closed = false

  function connect(): void {
    retry = undefined
    const route = routes.current()
    const settings = { ...connection, ...route, keepAlive: true, connectionTimeoutMillis: connectPatience }
    const client = new pg.Client(settings)
    current = client
    const lost = (fault?: unknown) => {
      if (closed || current !== client || retry !== undefined) return
      if (fault !== undefined) onFault(fault)
      // A standby refuses to listen.
      routes.moveOn(route, fault)
      client.end().catch(() => undefined)
      retry = setTimeout(connect, reconnectAfter)
    }
    client.on('error', lost)
    client.on('end', () => lost())
    client.on('notification', heard)
    client
      .connect()
      .then(() => client.query(`listen ${pg.escapeIdentifier(channel)}`))
      // What was said while nobody listened is made up for by one look.
      .then(heard, lost)
  }

  connect()
  return {
    async close() {
      closed = true
      clearTimeout(retry)
      await current?.end().catch(() => undefined)
    },
  }
}
