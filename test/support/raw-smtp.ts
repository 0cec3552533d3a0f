import { type AddressInfo, createServer, type Socket } from 'node:net'

/** What the server hears: the call itself, a command, or the end of a message. */
export type Said = 'CALL' | 'EHLO' | 'MAIL' | 'RCPT' | 'DATA' | 'END' | 'RSET' | 'QUIT' | 'other'

type Hearing = {
  said: Said
  line: string
  /** Which conversation it is, and which mail in it, from 1. */
  call: number
  mail: number
}

/** A reply; `cut` ends the conversation, undefined says nothing at all. */
export type Reply = string | 'cut' | undefined

export type RawSmtp = {
  port: number
  calls: () => number
  open: () => number
  /** Messages that came to their end mark, whatever was answered. */
  messages: string[]
  /** What clients called themselves. */
  names: string[]
  close(): Promise<void>
}

const usual: Record<Said, string> = {
  CALL: '220 raw.test',
  EHLO: '250 raw.test',
  MAIL: '250 2.1.0 fine',
  RCPT: '250 2.1.5 fine',
  DATA: '354 go on',
  END: '250 2.0.0 queued',
  RSET: '250 2.0.0 fine',
  QUIT: '221 2.0.0 bye',
  other: '502 5.5.1 what?',
}

/** A mail server that does whatever the test says, where real ones go wrong: in time, and in the middle. */
export async function openRawSmtp(
  reply: (hearing: Hearing, usually: string) => Reply | Promise<Reply> = (_, usually) => usually,
): Promise<RawSmtp> {
  const messages: string[] = []
  const names: string[] = []
  const sockets = new Set<Socket>()
  let calls = 0

  const server = createServer((socket) => {
    calls += 1
    const call = calls
    let mail = 0
    let rest = ''
    let message: string[] | undefined
    sockets.add(socket)
    socket.on('error', () => {})
    socket.on('close', () => sockets.delete(socket))

    async function hear(said: Said, line: string): Promise<void> {
      const answer = await reply({ said, line, call, mail }, usual[said])
      if (answer === 'cut') socket.destroy()
      else if (answer !== undefined && socket.writable) socket.write(`${answer}\r\n`)
      if (said === 'QUIT') socket.end()
      if (said === 'DATA' && answer?.startsWith('354')) message = []
    }

    // One line after the other, as a server reads them, also where its answer takes long.
    let before = hear('CALL', '')
    socket.setEncoding('utf8').on('data', (text) => {
      const lines = `${rest}${text}`.split('\r\n')
      rest = lines.pop() ?? ''
      for (const line of lines) before = before.then(() => take(line))
    })

    async function take(line: string): Promise<void> {
      if (message !== undefined && line !== '.') {
        message.push(line)
        return
      }
      if (message !== undefined) {
        messages.push(message.join('\r\n'))
        message = undefined
        await hear('END', line)
        return
      }
      const word = line.slice(0, 4).toUpperCase()
      if (word === 'EHLO') names.push(line.slice(5))
      if (word === 'MAIL') mail += 1
      await hear(word in usual && word !== 'CALL' && word !== 'END' ? (word as Said) : 'other', line)
    }
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  return {
    port: (server.address() as AddressInfo).port,
    calls: () => calls,
    open: () => sockets.size,
    messages,
    names,
    async close() {
      for (const socket of sockets) socket.destroy()
      await new Promise((resolve) => server.close(resolve))
    },
  }
}
