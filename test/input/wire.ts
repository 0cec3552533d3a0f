import type { Server } from 'node:http'
import { Agent, request } from 'node:http'
import { type AddressInfo, connect } from 'node:net'
import { serve } from '@hono/node-server'
import type { World } from '../support/world.ts'

export type Sent = {
  method?: string
  path: string
  headers?: Record<string, string | string[]>
  body?: string | Uint8Array | undefined
  /** Without Content-Length, in chunks. */
  chunked?: true
}

export type Received = {
  status: number
  headers: Record<string, string | string[] | undefined>
  text: string
}

/** The real app behind a real socket, for what a Request object cannot express. */
export async function openWire(world: World) {
  const listening = Promise.withResolvers<number>()
  const server = serve({ fetch: world.app.fetch, port: 0, hostname: '127.0.0.1' }, (info: AddressInfo) =>
    listening.resolve(info.port),
  ) as Server
  const port = await listening.promise
  const agent = new Agent({ keepAlive: true, maxSockets: 1 })

  return {
    send: ({ method = 'POST', path, headers = {}, body, chunked }: Sent) =>
      new Promise<Received>((resolve, reject) => {
        const bytes = typeof body === 'string' ? Buffer.from(body) : Buffer.from(body ?? '')
        const length = chunked ? {} : { 'Content-Length': String(bytes.length) }
        const all = body === undefined ? headers : { ...length, ...headers }
        const asked = request({ agent, host: '127.0.0.1', port, method, path, headers: all }, (answer) => {
          const parts: Buffer[] = []
          answer.on('data', (part: Buffer) => parts.push(part))
          answer.once('error', reject)
          answer.once('end', () => {
            const text = Buffer.concat(parts).toString()
            resolve({ status: answer.statusCode ?? 0, headers: answer.headers, text })
          })
        })
        // Whoever is refused for a body that is too large may be cut off while still sending it.
        asked.once('error', (fault) => setTimeout(reject, 200, fault))
        asked.end(bytes)
      }),

    /** Bytes as they are. @returns all that came back until the server closed */
    raw: (bytes: string | Uint8Array) =>
      new Promise<string>((resolve) => {
        const socket = connect(port, '127.0.0.1')
        let text = ''
        socket.on('data', (part) => {
          text += part.toString('latin1')
        })
        socket.on('error', () => {})
        socket.once('close', () => resolve(text))
        socket.setTimeout(1500, () => socket.destroy())
        socket.end(bytes)
      }),

    close() {
      agent.destroy()
      server.close()
      server.closeAllConnections()
    },
  }
}

export type Wire = Awaited<ReturnType<typeof openWire>>
