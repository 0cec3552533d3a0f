import type { AddressInfo } from 'node:net'
import { SMTPServer } from 'smtp-server'

process.on('disconnect', () => process.exit())

const server = new SMTPServer({
  disabledCommands: ['STARTTLS', 'AUTH'],
  disableReverseLookup: true,
  logger: false,
  onData(stream, session, done) {
    stream.on('data', () => {})
    stream.once('end', () => {
      const at = performance.timeOrigin + performance.now()
      for (const { address } of session.envelope.rcptTo) process.send?.({ to: address, at })
      done()
    })
  },
})
server.on('error', () => {})
server.listen(0, '127.0.0.1', () => process.send?.({ port: (server.server.address() as AddressInfo).port }))
