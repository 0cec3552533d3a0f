import { connect } from 'node:net'

export type Answer = { status: number; head: string; body: string }

export type Connection = {
  /** One request at a time. */
  exchange(request: string): Promise<Answer>
  close(): void
}

/**
 * HTTP/1.1 as far as a load generator needs it: it shares the machine with what it measures, and `node:http` would take
 * as much of it as the server does.
 */
export async function openConnection(port: number): Promise<Connection> {
  const socket = connect({ port, host: '127.0.0.1', noDelay: true })
  let waiting: { resolve(answer: Answer): void; reject(fault: Error): void } | undefined
  let received = ''
  socket.setEncoding('latin1')
  socket.on('data', (text: string) => {
    received += text
    const answer = parseAnswer(received)
    if (answer === undefined) return
    received = ''
    waiting?.resolve(answer)
  })
  socket.on('error', (fault) => waiting?.reject(fault))
  socket.on('close', () => waiting?.reject(new Error('The server closed the connection.')))
  await new Promise<void>((resolve, reject) => {
    socket.once('connect', resolve)
    socket.once('error', reject)
  })
  return {
    exchange(request) {
      return new Promise((resolve, reject) => {
        waiting = { resolve, reject }
        socket.write(request, 'latin1')
      })
    },
    close() {
      waiting = undefined
      socket.destroy()
    },
  }
}

/** The answer, once all of it is there. */
function parseAnswer(text: string): Answer | undefined {
  const head = text.indexOf('\r\n\r\n')
  if (head === -1) return undefined
  const status = Number(text.slice(9, 12))
  const rest = text.slice(head + 4)
  const answer = (body: string): Answer => ({ status, head: text.slice(0, head + 2), body })
  const length = /\r\ncontent-length: *(\d+)/i.exec(text.slice(0, head + 2))?.[1]
  if (length !== undefined)
    return rest.length >= Number(length) ? answer(rest.slice(0, Number(length))) : undefined
  // Chunked: good enough for finding a field in a JSON answer.
  return rest.endsWith('0\r\n\r\n') ? answer(rest) : undefined
}
