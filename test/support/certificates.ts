import { execFileSync } from 'node:child_process'
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'

export type Certificate = { key: string; cert: string }

type Wishes = {
  /** `DNS:…,IP:…`; this machine's loopback names unless told otherwise. */
  names?: string
  from?: Date
  until?: Date
}

const year = 365 * 24 * 3_600_000

/**
 * A self-signed certificate. Node can't issue one, OpenSSL can; `openssl ca` rather than `req -x509`, since only it
 * takes both dates and so can issue one that has expired.
 */
export function issueCertificate(wishes: Wishes = {}): Certificate {
  const folder = mkdtempSync(join(tmpdir(), 'certificate-'))
  const openssl = (...options: string[]) =>
    execFileSync('openssl', options, { cwd: folder, stdio: ['ignore', 'ignore', 'pipe'] })
  const names = wishes.names ?? 'DNS:localhost,IP:127.0.0.1'
  const from = utcTime(wishes.from ?? new Date(Date.now() - year))
  const until = utcTime(wishes.until ?? new Date(Date.now() + year))
  try {
    writeFileSync(join(folder, 'ca.cnf'), authority)
    writeFileSync(join(folder, 'index.txt'), '')
    const fresh = ['-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:P-256', '-nodes', '-subj', '/CN=test']
    openssl(
      'req',
      '-new',
      ...fresh,
      '-addext',
      `subjectAltName=${names}`,
      '-keyout',
      'key.pem',
      '-out',
      'request.pem',
    )
    const signing = [
      '-batch',
      '-selfsign',
      '-config',
      'ca.cnf',
      '-keyfile',
      'key.pem',
      '-create_serial',
      '-notext',
    ]
    openssl('ca', ...signing, '-startdate', from, '-enddate', until, '-in', 'request.pem', '-out', 'cert.pem')
    const read = (name: string) => readFileSync(join(folder, name), 'utf8')
    return { key: read('key.pem'), cert: read('cert.pem') }
  } finally {
    rmSync(folder, { recursive: true })
  }
}

const authority = `[ca]
default_ca = own
[own]
database = index.txt
serial = serial
new_certs_dir = .
default_md = sha256
policy = any
copy_extensions = copyall
[any]
commonName = supplied
`

const utcTime = (date: Date): string => `${date.toISOString().replace(/[-:T]/g, '').slice(0, 14)}Z`
