import { execFileSync } from 'node:child_process'
import {
  chmodSync,
  chownSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  writeFileSync,
} from 'node:fs'
import { type AddressInfo, createServer } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { Certificate } from './certificates.ts'

export type Postfix = {
  port: number
  /** Mails lying in the mailbox of `user@dest.test`, raw, oldest first. */
  mailbox(user: string): string[]
  log(): string
  close(): void
}

type Options = {
  /** Users at dest.test who have a mailbox. */
  users: readonly string[]
  /** What Postfix answers to RCPT TO for a recipient, such as `451 4.7.1 Greylisted`. */
  answers?: Readonly<Record<string, string>>
  /** Ports on loopback that mail for other domains is handed on to. */
  routes?: Readonly<Record<string, number>>
  /** With a certificate it offers STARTTLS. */
  certificate?: Certificate
}

/**
 * A private Postfix on a free loopback port: its own folder, nothing in /etc or /var. It delivers dest.test to
 * Maildirs and looks up no DNS. Needs root, as Postfix does.
 */
export async function openPostfix(postfix: string, options: Options): Promise<Postfix> {
  const folder = mkdtempSync(join(tmpdir(), 'postfix-'))
  // Its daemons run as users of their own and have to get through.
  chmodSync(folder, 0o755)
  for (const part of ['etc', 'spool', 'data', 'mail']) mkdirSync(join(folder, part))
  chownSync(join(folder, 'data'), Number(execFileSync('id', ['-u', 'postfix'], { encoding: 'utf8' })), 0)
  chownSync(join(folder, 'mail'), nobody, nobody)
  const port = await freePort()
  writeFileSync(join(folder, 'etc/main.cf'), mainConfiguration(folder, options))
  writeFileSync(join(folder, 'etc/master.cf'), services(port))
  const run = (command: string) =>
    execFileSync(postfix, ['-c', join(folder, 'etc'), command], { stdio: ['ignore', 'ignore', 'pipe'] })
  try {
    run('start')
  } catch (error) {
    rmSync(folder, { recursive: true, force: true })
    throw error
  }
  return {
    port,
    mailbox: (user) => readMaildir(join(folder, 'mail', user, 'new')),
    log: () => readFileSync(join(folder, 'log'), 'utf8'),
    close() {
      run('stop')
      rmSync(folder, { recursive: true, force: true })
    },
  }
}

const nobody = 65534

function readMaildir(folder: string): string[] {
  try {
    return readdirSync(folder)
      .sort()
      .map((name) => readFileSync(join(folder, name), 'utf8'))
  } catch {
    return []
  }
}

/** A port that was free a moment ago: Postfix can't be told to choose one itself. */
async function freePort(): Promise<number> {
  const probe = createServer()
  await new Promise<void>((resolve) => probe.listen(0, '127.0.0.1', resolve))
  const { port } = probe.address() as AddressInfo
  await new Promise((resolve) => probe.close(resolve))
  return port
}

function mainConfiguration(folder: string, options: Options): string {
  const inline = (table: Readonly<Record<string, string>>) =>
    `inline:{ ${Object.entries(table)
      .map(([key, value]) => `{ ${key} = ${value} }`)
      .join(', ')} }`
  const mailboxes = Object.fromEntries(options.users.map((user) => [`${user}@dest.test`, `${user}/`]))
  const routes = Object.fromEntries(
    Object.entries(options.routes ?? {}).map(([domain, port]) => [domain, `smtp:[127.0.0.1]:${port}`]),
  )
  const answers = options.answers ? `check_recipient_access ${inline(options.answers)},` : ''
  const settings: Record<string, string> = {
    compatibility_level: '3.6',
    queue_directory: `${folder}/spool`,
    data_directory: `${folder}/data`,
    daemon_directory: '/usr/lib/postfix/sbin',
    command_directory: '/usr/sbin',
    mail_owner: 'postfix',
    setgid_group: 'postdrop',
    maillog_file: `${folder}/log`,
    maillog_file_prefixes: folder,
    inet_interfaces: '127.0.0.1',
    inet_protocols: 'ipv4',
    myhostname: 'mx.dest.test',
    mydestination: '',
    local_recipient_maps: '',
    mynetworks: '127.0.0.0/8',
    disable_dns_lookups: 'yes',
    smtp_host_lookup: 'native',
    alias_maps: '',
    alias_database: '',
    local_transport: 'error:no local mail',
    virtual_mailbox_domains: 'dest.test',
    virtual_mailbox_base: `${folder}/mail`,
    virtual_mailbox_maps: inline(mailboxes),
    virtual_uid_maps: `static:${nobody}`,
    virtual_gid_maps: `static:${nobody}`,
    transport_maps: Object.keys(routes).length > 0 ? inline(routes) : '',
    smtpd_relay_restrictions: 'permit_mynetworks, reject',
    smtpd_recipient_restrictions: `${answers} permit_mynetworks, reject`,
    queue_run_delay: '1s',
    minimal_backoff_time: '1s',
    maximal_backoff_time: '2s',
    ipc_idle: '2s',
    ...(options.certificate && writeTls(folder, options.certificate)),
  }
  return Object.entries(settings)
    .map(([name, value]) => `${name} = ${value}\n`)
    .join('')
}

function writeTls(folder: string, { key, cert }: Certificate): Record<string, string> {
  writeFileSync(join(folder, 'etc/tls.pem'), key + cert, { mode: 0o600 })
  return {
    smtpd_tls_security_level: 'may',
    smtpd_tls_received_header: 'yes',
    smtpd_tls_chain_files: `${folder}/etc/tls.pem`,
  }
}

const services = (port: number): string => `127.0.0.1:${port} inet n - n - - smtpd
cleanup unix n - n - 0 cleanup
qmgr unix n - n 1 1 qmgr
rewrite unix - - n - - trivial-rewrite
bounce unix - - n - 0 bounce
defer unix - - n - 0 bounce
trace unix - - n - 0 bounce
verify unix - - n - 1 verify
proxymap unix - - n - - proxymap
smtp unix - - n - - smtp
error unix - - n - - error
retry unix - - n - - error
virtual unix - n n - - virtual
anvil unix - - n - 1 anvil
tlsmgr unix - - n 1000? 1 tlsmgr
postlog unix-dgram n - n - 1 postlogd
`
