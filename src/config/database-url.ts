import { X509Certificate } from 'node:crypto'
import { readFileSync } from 'node:fs'
import { resolve } from 'node:path'
import { type ConnectionOptions, createSecureContext, getCACertificates, type SecureVersion } from 'node:tls'

/** One way to a server. One that may be spoken to with and without TLS has two, in the order in which they are tried. */
type Route = { host?: string; port?: number; ssl: false | ConnectionOptions }

/** Where the database is, as DATABASE_URL says it. */
export type DatabaseAddress = {
  user?: string
  password?: string
  database?: string
  options?: string
  application_name?: string
  sslnegotiation?: 'direct'
  routes: readonly Route[]
}

export type DatabaseUrlReading = { ok: true; address: DatabaseAddress } | { ok: false; problem: string }

/** What is wrong with the address, as the rest of a sentence that begins with the setting's name. */
class Problem extends Error {}

/**
 * Reads a PostgreSQL address by the grammar and the meanings of psql (libpq), so that what works there works here:
 * several servers, SSL modes, files with certificates. What can't be honoured is refused and never ignored.
 */
export function readDatabaseUrl(text: string): DatabaseUrlReading {
  try {
    return { ok: true, address: addressOf(text) }
  } catch (fault) {
    if (fault instanceof Problem) return { ok: false, problem: fault.message }
    throw fault
  }
}

/** Whether the address says itself how the connection is encrypted. */
export const saysSslMode = (text: string): boolean => /[?&](sslmode|ssl|sslrootcert)=/.test(text)

const shape = 'is not an address such as postgres://user:password@host/database'

function addressOf(text: string): DatabaseAddress {
  const rest = /^postgres(?:ql)?:\/\/(.*)$/s.exec(text)?.[1]
  if (rest === undefined) throw new Problem(shape)
  const login = /^([^@/]*)@/.exec(rest)?.[1]
  const [, hosts = '', path = '', query = ''] =
    /^([^/?]*)(?:\/([^?]*))?(?:\?(.*))?$/s.exec(login === undefined ? rest : rest.slice(login.length + 1)) ??
    []
  if (`${hosts}${path}${login === undefined ? query : ''}`.includes('@')) {
    throw new Problem('has an @ or a / that is part of a name or password: write @ as %40 and / as %2F')
  }
  const parameters = parametersOf(query)
  const [user, password] = splitOnce(login ?? '', ':').map(decoded)
  const servers = serversOf(parameters, hosts)
  const tls = tlsOf(parameters)
  const common = {
    user: parameters.get('user') ?? user,
    password: parameters.get('password') ?? password,
    database: parameters.get('dbname') ?? decoded(path),
    options: parameters.get('options'),
    application_name: parameters.get('application_name') ?? parameters.get('fallback_application_name'),
    sslnegotiation: parameters.get('sslnegotiation') === 'direct' ? 'direct' : undefined,
  }
  return {
    ...(Object.fromEntries(Object.entries(common).filter(([, value]) => value)) as object),
    routes: servers.flatMap((server) =>
      // A socket is a file of this machine: libpq speaks no TLS there either.
      (server.host?.startsWith('/') ? [false as const] : tls).map((ssl) => ({ ...server, ssl })),
    ),
  }
}

/** The parameters that say something here. Of the others, `harmless` ones may stand there; the rest is refused. */
const known: Readonly<Record<string, RegExp>> = {
  host: /./,
  port: /^[\d,]*$/,
  user: /./,
  password: /^/,
  dbname: /./,
  options: /^/,
  application_name: /^/,
  fallback_application_name: /^/,
  sslmode: /^(disable|allow|prefer|require|verify-ca|verify-full|no-verify)$/,
  ssl: /^(true|false|0|1)$/,
  sslrootcert: /./,
  sslcert: /./,
  sslkey: /./,
  sslpassword: /^/,
  sslnegotiation: /^(postgres|direct)$/,
  ssl_min_protocol_version: /^TLSv1\.[0-3]$/,
  ssl_max_protocol_version: /^TLSv1\.[0-3]$/,
  channel_binding: /^(disable|prefer|require)$/,
  gssencmode: /^(disable|prefer)$/,
  target_session_attrs: /^(any|read-write|primary)$/,
  client_encoding: /^(auto|utf-?8)$/i,
}
const harmless =
  /^(connect_timeout|keepalives\w*|tcp_user_timeout|load_balance_hosts|sslsni|sslcompression|sslcertmode|gssdelegation|krbsrvname|gsslib|uselibpqcompat)$/

function parametersOf(query: string): Map<string, string> {
  const parameters = new Map<string, string>()
  for (const part of query === '' ? [] : query.split('&')) {
    const [name = '', value] = splitOnce(part, '=').map(decoded)
    if (harmless.test(name)) continue
    const allowed = known[name]
    // What is no plain word may be a piece of a password, and is not repeated.
    if (allowed === undefined || value === undefined) {
      const which = /^[a-z_]{1,40}$/.test(name) ? `the parameter ${name}` : 'a parameter'
      throw new Problem(`has ${which}, which can't be used here`)
    }
    if (name === 'target_session_attrs' && !allowed.test(value)) {
      throw new Problem(`has target_session_attrs=${value}, but Countersign writes: use read-write`)
    }
    if (!allowed.test(value)) throw new Problem(`has a value of ${name} that can't be used here`)
    if (value !== '') parameters.set(name, value)
  }
  return parameters
}

/** As libpq reads them: hosts and ports in the address or in parameters, one port for all or one for each. */
function serversOf(parameters: Map<string, string>, hosts: string): { host?: string; port?: number }[] {
  const written = hosts.split(',').map((text) => {
    const [, bracketed, plain = '', port] = /^(?:\[([^\]]*)\]|([^:]*))(?::(.*))?$/s.exec(text) ?? []
    if (/[:\]]/.test(plain) || (port !== undefined && !/^\d*$/.test(port))) {
      throw new Problem(
        'has a port that is no number: in a user name or password write : as %3A, and [ ] around an IPv6 address',
      )
    }
    return { host: decoded(bracketed ?? plain), port }
  })
  const names = parameters.get('host')?.split(',') ?? written.map(({ host }) => host)
  const ports = parameters.get('port')?.split(',') ?? written.map(({ port }) => port)
  if (ports.length > 1 && ports.length !== names.length) {
    throw new Problem('names as many ports as hosts, or one port for all: count them')
  }
  return names.map((host, index) => {
    const port = Number((ports.length === 1 ? ports[0] : ports[index]) || 0)
    if (port > 65_535) throw new Problem('has a port over 65535')
    return { ...(host !== '' && { host }), ...(port > 0 && { port }) }
  })
}

/** How the connection is encrypted, in the order in which it is tried (libpq, "SSL Support"). */
function tlsOf(parameters: Map<string, string>): (false | ConnectionOptions)[] {
  const mode = sslModeOf(parameters)
  if (mode === 'disable') return [false]
  const root = parameters.get('sslrootcert')
  const files = {
    ...(root !== undefined && {
      ca: root === 'system' ? systemCertificates() : certificates('sslrootcert', root),
    }),
    ...fileOf(parameters, 'sslcert', 'cert'),
    ...fileOf(parameters, 'sslkey', 'key'),
    ...optional('passphrase', parameters.get('sslpassword')),
    ...optional('minVersion', parameters.get('ssl_min_protocol_version') as SecureVersion | undefined),
    ...optional('maxVersion', parameters.get('ssl_max_protocol_version') as SecureVersion | undefined),
  }
  try {
    createSecureContext(files)
  } catch (fault) {
    throw new Problem(`has sslcert, sslkey or TLS versions that don't work (${(fault as Error).message})`)
  }
  const encrypted = { ...files, rejectUnauthorized: false }
  switch (mode) {
    case 'allow':
      return [false, encrypted]
    case 'prefer':
      return [encrypted, false]
    case 'require':
      return [encrypted]
    case 'verify-ca':
      return [{ ...files, rejectUnauthorized: true, checkServerIdentity: () => undefined }]
    case 'verify-full':
      return [{ ...files, rejectUnauthorized: true }]
  }
}

type SslMode = 'disable' | 'allow' | 'prefer' | 'require' | 'verify-ca' | 'verify-full'

function sslModeOf(parameters: Map<string, string>): SslMode {
  const written = parameters.get('sslmode')
  const root = parameters.get('sslrootcert')
  const ssl = parameters.get('ssl')
  // Words of node-postgres, which addresses made for it carry.
  if (written === undefined && ssl !== undefined) return /true|1/.test(ssl) ? 'verify-full' : 'disable'
  const mode = (written === 'no-verify' ? 'require' : written) as SslMode | undefined
  if (root === 'system') {
    if (mode !== undefined && mode !== 'verify-full') {
      throw new Problem('has sslrootcert=system, which needs sslmode=verify-full')
    }
    return 'verify-full'
  }
  if (mode === 'verify-ca' && root === undefined) {
    throw new Problem(
      'has sslmode=verify-ca without sslrootcert=FILE: name the file, or use sslmode=verify-full',
    )
  }
  if (mode === 'require' && root !== undefined) return 'verify-ca'
  // It asks that whoever answers is the server that knows the password: here the certificate shows that.
  const bound = parameters.get('channel_binding') === 'require'
  if (bound && mode !== 'verify-ca') return 'verify-full'
  if (parameters.get('sslnegotiation') === 'direct' && mode === undefined) return 'require'
  return mode ?? 'prefer'
}

function systemCertificates(): string[] {
  const certificates = getCACertificates('system')
  return certificates.length > 0 ? certificates : getCACertificates('bundled')
}

function certificates(name: string, file: string): string {
  const text = content(name, file)
  try {
    new X509Certificate(text)
    return text
  } catch {
    throw new Problem(`has ${name}=${file}, which holds no certificate (PEM)`)
  }
}

const fileOf = (parameters: Map<string, string>, name: string, option: 'cert' | 'key') => {
  const file = parameters.get(name)
  return optional(option, file === undefined ? undefined : content(name, file))
}

function content(name: string, file: string): string {
  try {
    return readFileSync(resolve(file), 'utf8')
  } catch (fault) {
    throw new Problem(`has ${name}=${file}, which can't be read (${(fault as NodeJS.ErrnoException).code})`)
  }
}

const optional = <Name extends string, Value>(name: Name, value: Value | undefined) =>
  (value === undefined ? {} : { [name]: value }) as { [name in Name]?: Value }

function splitOnce(text: string, mark: string): string[] {
  const at = text.indexOf(mark)
  return at < 0 ? [text] : [text.slice(0, at), text.slice(at + 1)]
}

function decoded(text: string): string {
  try {
    return decodeURIComponent(text)
  } catch {
    throw new Problem('has a % that stands for itself: write % as %25')
  }
}
