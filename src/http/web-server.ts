import { Server } from 'node:http'
import { Server as NetServer } from 'node:net'
import { serve } from '@hono/node-server'

/**
 * How long a client may take, in milliseconds. Whoever takes longer to send a request holds what was looked up for it;
 * one is a few hundred bytes.
 */
type Patience = {
  /** For a whole request, from its first byte or, on a new connection, from its opening. */
  request: number
  /** For the next request on a connection. */
  keepAlive: number
  /** Connections are looked through this often: one that is too slow lives that much longer. */
  lookEvery: number
}

export const webPatience: Patience = { request: 20_000, keepAlive: 75_000, lookEvery: 2000 }

export type WebServer = {
  port: number
  /** Finishes the requests under way, then lets go of every connection. */
  drain(): Promise<void>
}

type Fetch = Parameters<typeof serve>[0]['fetch']

/** Serves requests; resolves once the port is taken. */
export async function listenForRequests(
  fetch: Fetch,
  { port, host }: { port: number; host: string },
  patience: Partial<Patience> = {},
): Promise<WebServer> {
  const { request, keepAlive, lookEvery } = { ...webPatience, ...patience }
  const { promise, resolve, reject } = Promise.withResolvers<number>()
  const server = serve(
    {
      fetch,
      port,
      hostname: host,
      // Given here: assigned later, a time below the 60 s that headers have would bound the headers alone.
      serverOptions: {
        requestTimeout: request,
        headersTimeout: request,
        keepAliveTimeout: keepAlive,
        connectionsCheckingInterval: lookEvery,
      },
    },
    (info) => resolve(info.port),
  )
  if (!(server instanceof Server)) throw new Error('The server is not one of HTTP/1.1.')
  server.once('error', reject)
  return { port: await promise, drain: () => drain(server) }
}

/** Long enough for a connection that was just made to bring its request. */
const lastRequestsWithin = 200

/** A client that keeps its connection busy is told to open another one, at the next process: or it would keep this one. */
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
