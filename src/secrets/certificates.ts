import { X509Certificate } from 'node:crypto'

const block = /-----BEGIN ([A-Z0-9 ]+)-----[\s\S]*?-----END \1-----/g

/**
 * Reads certificates to trust. TLS itself passes over what it can't read, and every connection then fails as if the
 * server were to blame.
 *
 * @returns the problem as the rest of a sentence that begins with the setting's name
 */
export function readCertificates(pem: string): { ok: true; pem: string } | { ok: false; problem: string } {
  const blocks = [...pem.matchAll(block)]
  const other = blocks.find(([, label]) => !/^(X509 |TRUSTED )?CERTIFICATE$/.test(label ?? ''))
  if (other !== undefined)
    return { ok: false, problem: `holds a ${other[1]?.toLowerCase()}, not certificates only` }
  if (blocks.length === 0) return { ok: false, problem: 'holds no certificate in PEM' }
  for (const [at, [text]] of blocks.entries()) {
    if (!isCertificate(text))
      return { ok: false, problem: `can't be read: certificate ${at + 1} of ${blocks.length} is broken` }
  }
  return { ok: true, pem }
}

function isCertificate(text: string): boolean {
  try {
    return new X509Certificate(text).raw.length > 0
  } catch {
    return false
  }
}
