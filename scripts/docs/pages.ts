import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import {
  causesTable,
  fieldsTable,
  metricsTable,
  operationRefusalsTable,
  refusalsTable,
  retriesTable,
} from './api.ts'
import { fightsTable } from './fights.ts'
import { policyFile, policyTable, settingsTables } from './settings.ts'

export const docsFolder = join(import.meta.dirname, '../../docs')

/** What stands between `<!-- made: name -->` and `<!-- end -->` in a page is made of the code. */
const sections: Record<string, () => string | Promise<string>> = {
  fights: fightsTable,
  settings: settingsTables,
  policy: policyTable,
  'policy file': policyFile,
  refusals: () => refusalsTable('api'),
  'page refusals': () => refusalsTable('pages'),
  'issue refusals': () => operationRefusalsTable('issueVerification'),
  'attempt refusals': () => operationRefusalsTable('checkCode'),
  'resend refusals': () => operationRefusalsTable('resendCode'),
  'read refusals': () => operationRefusalsTable('readVerification'),
  'cancellation refusals': () => operationRefusalsTable('cancelVerification'),
  causes: causesTable,
  retries: retriesTable,
  metrics: metricsTable,
  'issue request': () => fieldsTable('issueRequest'),
  'attempt request': () => fieldsTable('attemptRequest'),
  'resend request': () => fieldsTable('resendRequest'),
  verification: () => fieldsTable('verificationAnswer'),
  delivery: () => fieldsTable('deliveryAnswer'),
  approval: () => fieldsTable('approvalAnswer'),
  problem: () => fieldsTable('problem'),
}

export type Page = { file: string; written: string; made: string }

/** Every page of docs/ as it is written and as it would be made now. */
export async function pages(): Promise<Page[]> {
  const names = readdirSync(docsFolder, { recursive: true, encoding: 'utf8' }).filter((name) =>
    name.endsWith('.md'),
  )
  return Promise.all(
    names.sort().map(async (name) => {
      const file = join(docsFolder, name)
      const written = readFileSync(file, 'utf8')
      return { file, written, made: await filled(written, name) }
    }),
  )
}

async function filled(text: string, name: string): Promise<string> {
  const parts = text.split(/(<!-- made: [^>]+ -->\n)[\s\S]*?(?=<!-- end -->)/)
  const made = await Promise.all(
    parts.map(async (part) => {
      const section = /^<!-- made: ([^>]+) -->\n$/.exec(part)?.[1]
      if (section === undefined) return part
      const make = sections[section]
      if (make === undefined) throw new Error(`docs/${name} asks for "${section}", which nothing makes.`)
      return `${part}\n${await make()}\n\n`
    }),
  )
  return made.join('')
}
