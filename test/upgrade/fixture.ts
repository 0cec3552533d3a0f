import { createHash } from 'node:crypto'
import { readFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { gunzipSync } from 'node:zlib'
import type { SavedPasskey } from '../support/authenticator.ts'

/** What a browser had of the installation: its cookies by the names that they have under https, and its address. */
export type SavedBrowser = { cookies: [string, string][]; ip: string }

export type Member = {
  email: string
  /** Where it is another one than everybody's. */
  password?: string
  /** Ids of its items, by kind; `second` and `thief` are further mailboxes. */
  items: Record<string, string>
  phone: string
  second: string
  home: string
  browser: SavedBrowser
  /** Of its authenticator app, in base32. */
  seed?: string
  passkey?: SavedPasskey
  recoveryCode?: string
}

/** Something that was left half-way: where its page is, in which browser, and what it waits for. */
export type SavedFlow = SavedBrowser & { path: string; member?: string; code?: string; contact?: string }

export type Cast = {
  madeAt: number
  password: string
  members: Record<string, Member>
  unusedInvitation: string
  sideBySide: { homes: string[]; browser: SavedBrowser }
  flows: Record<string, SavedFlow>
  /** Where a notice's link leads, and the reference in it; by the member, and what it is about where there are several. */
  notices: Record<string, { path: string; reference: string }>
  report: { path: string; reference: string; browser: SavedBrowser; signIn: string; code: string }
  api: {
    token: string
    revoked: string
    verifications: Record<string, string>
    codes: Record<string, string>
  }
}

const folder = fileURLToPath(new URL('fixtures/89a1592/', import.meta.url))
const read = (name: string): Buffer => readFileSync(folder + name)
const readPacked = (name: string): string => gunzipSync(read(name)).toString('utf8')

export const cast = JSON.parse(read('cast.json').toString('utf8')) as Cast

/** The key ring's file as 89a1592 left it, with a key that was made for this alone. */
export const keyringFile = (): Buffer => read('keyring-for-tests-only.json')

/** An authenticator app counts in steps of 30 seconds: times move by whole ones, so that its steps do too. */
const step = 30_000

/** Schema and rows of 89a1592 as `pg_dump` wrote them, with times as if it had been made just now, or so long ago. */
export const installationSql = (ago = 0): string => shifted(readPacked('installation.sql.gz'), sinceMade(ago))

/** The export of 89a1592, with times as if it had been made just now, and the checksum that this gives it. */
export function exportFile(): string {
  const lines = shifted(readPacked('export.jsonl.gz'), sinceMade(0)).trimEnd().split('\n')
  const [, end] = JSON.parse(lines.pop() ?? '') as ['end', object]
  const text = `${lines.join('\n')}\n`
  const sha256 = createHash('sha256').update(text).digest('hex')
  return `${text}${JSON.stringify(['end', { ...end, sha256 }])}\n`
}

const sinceMade = (ago: number): number => Math.floor((Date.now() - ago - cast.madeAt) / step) * step

/** Moves every time in it, however it is written: as SQL, ISO 8601 or JSON, in milliseconds, steps or days. */
function shifted(text: string, by: number): string {
  return text
    .replace(
      /(\d{4}-\d\d-\d\d)([ T])(\d\d:\d\d:\d\d)(?=(?:\.\d+)?(?:\+00|Z))/g,
      (_, day: string, gap: string, time: string) =>
        new Date(Date.parse(`${day}T${time}Z`) + by).toISOString().slice(0, 19).replace('T', gap),
    )
    .replace(/("\w+": ?)(1[78]\d{11})\b/g, (_, name: string, at: string) => `${name}${Number(at) + by}`)
    .replace(
      /("last_step": ?|'\\x[0-9a-f]+', )(59\d{6})\b/g,
      (_, before: string, steps: string) => `${before}${Number(steps) + by / step}`,
    )
    .replace(/(?<=['"])\d{4}-\d\d-\d\d(?=['"])/g, (day) =>
      new Date(Date.parse(day) + by).toISOString().slice(0, 10),
    )
}
