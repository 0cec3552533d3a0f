import { readFileSync } from 'node:fs'
import { resolve } from 'node:path'
import { z } from 'zod'
import { readCertificates } from '../secrets/certificates.ts'
import { readDkimKey } from '../secrets/dkim.ts'

/** A file's content, read when the service starts, so that what is wrong with it is told then. */
const fileContent = z.string().transform((name, context) => {
  try {
    return readFileSync(resolve(name), 'utf8')
  } catch (fault) {
    context.addIssue({ code: 'custom', message: `can't be read (${(fault as NodeJS.ErrnoException).code})` })
    return z.NEVER
  }
})

export const dkimKey = fileContent.transform((pem, context) => {
  const reading = readDkimKey(pem)
  if (reading.ok) return reading.key
  context.addIssue({ code: 'custom', message: reading.problem })
  return z.NEVER
})

export const certificates = fileContent.transform((pem, context) => {
  const reading = readCertificates(pem)
  if (reading.ok) return reading.pem
  context.addIssue({ code: 'custom', message: reading.problem })
  return z.NEVER
})
