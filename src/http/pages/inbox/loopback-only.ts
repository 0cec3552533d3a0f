import { getConnInfo } from '@hono/node-server/conninfo'
import type { Context } from 'hono'
import { isLoopbackHost } from '../../../config/loopback.ts'

/** What proxies add: a request that carries one of these did not begin on this machine, whatever its peer. */
const forwarding =
  /^(forwarded|via|client-ip|true-client-ip|proxy-.*|x-forwarded.*|x-original-(host|forwarded-.*|proto|for)|x-real-.*|x-client-ip|x-cluster-client-ip|x-remote-(ip|addr)|x-proxyuser-ip|x-host|x-scheme|x-arr-.*|x-appgw-.*|x-azure-.*|x-fd-.*|x-ms-.*|x-amz.*|x-envoy-.*|x-appengine-.*|x-cloud-trace-context|x-goog-.*|cf-.*|cdn-loop|fastly-.*|x-varnish|x-akamai-.*|akamai-.*|fly-.*|x-vercel-.*|x-nf-.*|x-zeit-.*|x-nginx-.*|x-traefik-.*|ngrok-.*|tailscale-.*|x-tunnel-.*|x-sucuri-.*|incap-.*)$/

/**
 * Whether a request comes from this machine itself, to this machine: the built-in inbox shows every code to whoever asks.
 * HTTP/1.0 is what some proxies speak where nothing else is set, and browsers don't.
 */
export function isFromThisMachine(c: Context): boolean {
  const host = c.req.header('host')
  if (host === undefined || !URL.canParse(`http://${host}`)) return false
  return (
    isLoopbackHost(new URL(`http://${host}`).hostname.replace(/\.$/, '')) &&
    !Object.keys(c.req.header()).some((name) => forwarding.test(name.toLowerCase())) &&
    versionOf(c) !== '1.0' &&
    isLoopbackHost(peerOf(c) ?? '') &&
    !isReadByAnother(c)
  )
}

/** A page of another site, or of another port, may lead somebody here; it may not put this into itself, or read it. */
function isReadByAnother(c: Context): boolean {
  const site = c.req.header('sec-fetch-site')
  if (site === undefined || site === 'same-origin' || site === 'none') return false
  return c.req.header('sec-fetch-mode') !== 'navigate' || c.req.header('sec-fetch-dest') !== 'document'
}

function peerOf(c: Context): string | undefined {
  try {
    return getConnInfo(c).remote.address
  } catch {
    return undefined
  }
}

const versionOf = (c: Context): string | undefined =>
  (c.env as { incoming?: { httpVersion?: string } } | undefined)?.incoming?.httpVersion
