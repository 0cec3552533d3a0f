import { connect } from 'node:net'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { listenForRequests, type WebServer, webPatience } from '../../src/http/web-server.ts'

/** The server of the service, with a fiftieth of its patience. */
let server: WebServer
let endStream = () => {}

beforeAll(async () => {
  const patience = {
    request: webPatience.request / 50,
    lookEvery: webPatience.lookEvery / 50,
    keepAlive: 60_000,
  }
  server = await listenForRequests(answer, { port: 0, host: '127.0.0.1' }, patience)
})
afterAll(() => server.drain())

async function answer(request: Request): Promise<Response> {
  if (request.method === 'POST') return new Response(await request.text().catch(() => 'cut'))
  const stream = new ReadableStream<Uint8Array>({
    start(controller) {
      controller.enqueue(Buffer.from('begun '))
      endStream = () => {
        controller.enqueue(Buffer.from('ended'))
        controller.close()
      }
    },
  })
  return new Response(stream)
}

/** Sends what is given, then a byte as often as the server looks, until it closes. @returns what it answered */
async function sendSlowly(head: string): Promise<string> {
  const socket = connect(server.port, '127.0.0.1')
  let text = ''
  socket.on('data', (part) => {
    text += part.toString('latin1')
  })
  // It may be cut off while it sends.
  socket.on('error', () => {})
  socket.write(head)
  const drip = setInterval(() => head !== '' && socket.write('x'), webPatience.lookEvery / 50)
  await new Promise((resolve) => socket.once('close', resolve))
  clearInterval(drip)
  return text
}

const form = 'POST / HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/x-www-form-urlencoded\r\n'

test.each([
  ['a form', `${form}Content-Length: 30000\r\n\r\na=`],
  ['a form in chunks', `${form}Transfer-Encoding: chunked\r\n\r\n7530\r\na=`],
  ['a header', `${form}X-Slow: `],
])('%s that comes a byte at a time is cut', async (_, head) => {
  expect(await sendSlowly(head)).toMatch(/^HTTP\/1\.1 408 /)
})

test('a connection that says nothing is cut', async () => {
  expect(await sendSlowly('')).toMatch(/^(HTTP\/1\.1 408 .*)?$/s)
})

test('an answer that takes longer is not', async () => {
  const streaming = await fetch(`http://127.0.0.1:${server.port}/`)
  await sendSlowly(`${form}Content-Length: 30000\r\n\r\na=`)
  endStream()
  expect(await streaming.text()).toBe('begun ended')
})

test('the service gives a request twenty seconds, and looks every two', () => {
  expect(webPatience).toMatchObject({ request: 20_000, lookEvery: 2000 })
})
