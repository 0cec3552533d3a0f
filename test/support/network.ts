import { Agent, request } from 'node:http'
import type { Ground } from './world.ts'

/** How people reach processes that stand behind a proxy of ours on loopback: each with a network address of their own. */
export function openNetwork() {
  const agent = new Agent({ keepAlive: true, maxSockets: 64 })
  const at = (portOf: () => number | undefined): Ground['app'] => ({
    request(url, sent, from) {
      const { pathname, search } = new URL(url)
      const headers = {
        ...Object.fromEntries(sent.headers),
        'X-Forwarded-For': from.incoming.socket.remoteAddress,
      }
      const path = pathname + search
      const options = { agent, host: '127.0.0.1', port: portOf(), path, method: sent.method, headers }
      return new Promise((resolve, reject) => {
        const asked = request(options, (answer) => {
          const chunks: Buffer[] = []
          answer.on('data', (chunk: Buffer) => chunks.push(chunk))
          answer.once('error', reject)
          answer.once('end', () => {
            const fields = Object.entries(answer.headersDistinct).flatMap(([name, values = []]) =>
              values.map((value): [string, string] => [name, value]),
            )
            const body = chunks.length > 0 ? Buffer.concat(chunks) : null
            resolve(new Response(body, { status: answer.statusCode ?? 0, headers: fields }))
          })
        })
        asked.once('error', reject)
        asked.end(sent.body)
      })
    },
  })
  return { at, close: () => agent.destroy() }
}
