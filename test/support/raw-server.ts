import { connect } from 'node:net'
import { createAdaptorServer } from '@hono/node-server'
import type { World } from './world.ts'

/** The world's app on a socket, for requests that no client would write. */
export async function openRawServer(world: World) {
  const server = createAdaptorServer({ fetch: world.app.fetch })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const address = server.address()
  if (address === null || typeof address === 'string') throw new Error('The server has no port.')

  const send = (text: string): Promise<string> =>
    new Promise((resolve, reject) => {
      let answer = ''
      const socket = connect(address.port, '127.0.0.1', () => socket.write(text, 'latin1'))
      socket.setEncoding('latin1')
      socket.on('data', (data) => {
        answer += data
      })
      socket.on('error', reject)
      socket.on('close', () => resolve(answer))
    })
  const lines = (headers: Readonly<Record<string, string | readonly string[]>>): string =>
    Object.entries(headers)
      .flatMap(([name, value]) => [value].flat().map((one) => `${name}: ${one}\r\n`))
      .join('')

  return {
    get: (target: string, headers: Readonly<Record<string, string | readonly string[]>>) =>
      send(`GET ${target} HTTP/1.1\r\n${lines(headers)}Connection: close\r\n\r\n`),
    post: (target: string, headers: Readonly<Record<string, string | readonly string[]>>, body: string) =>
      send(
        `POST ${target} HTTP/1.1\r\n${lines(headers)}Content-Type: application/x-www-form-urlencoded\r\nContent-Length: ${Buffer.byteLength(body)}\r\nConnection: close\r\n\r\n${body}`,
      ),
    close: () => new Promise<void>((resolve) => server.close(() => resolve())),
  }
}
