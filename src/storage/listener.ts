import pg from 'pg'

export type Listener = { close(): Promise<void> }

const reconnectAfter = 500

/** Hears NOTIFY on a connection of its own, since a pooled one (PgBouncer in transaction mode) would not. */
export function listen(
  connection: pg.ClientConfig,
  channel: string,
  heard: () => void,
  onFault: (fault: unknown) => void,
): Listener {
  let current: pg.Client | undefined
  let retry: NodeJS.Timeout | undefined
  let closed = false

  function connect(): void {
    retry = undefined
    const client = new pg.Client({ ...connection, keepAlive: true })
    current = client
    const lost = (fault?: unknown) => {
      if (closed || current !== client || retry !== undefined) return
      if (fault !== undefined) onFault(fault)
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
