import { getConnInfo } from '@hono/node-server/conninfo'
import type { Context } from 'hono'
import { isLoopbackHost } from '../../../config/loopback.ts'

/** What a proxy adds: a request that carries one of these did not begin on this machine, whatever its peer. */
const forwarding = [
  'forwarded',
  'via',
  'x-real-ip',
  'x-forwarded-for',
  'x-forwarded-host',
  'x-forwarded-proto',
  'x-forwarded-port',
  'x-forwarded-server',
  'x-forwarded-prefix',
]

/** Whether a request comes from this machine itself, to this machine: the built-in inbox shows every code to whoever asks. */
export function isFromThisMachine(c: Context): boolean {
  const host = c.req.header('host')
  if (host === undefined || !URL.canParse(`http://${host}`)) return false
  return (
    isLoopbackHost(new URL(`http://${host}`).hostname) &&
    forwarding.every((name) => c.req.header(name) === undefined) &&
    isLoopbackHost(peerOf(c) ?? '')
  )
}

function peerOf(c: Context): string | undefined {
  try {
    return getConnInfo(c).remote.address
  } catch {
    return undefined
  }
}
