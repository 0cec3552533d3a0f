import { OnlyReads, wordsOf } from './storage/servers.ts'
import { isUnavailable, readOnly, sqlState } from './storage/sql.ts'

/** The operator's database does not let us in or is not there; the message says why, and what to do. */
export class DatabaseUnusable extends Error {
  constructor(fault: unknown) {
    const hint = hints.find(([, isIt]) => isIt(fault))?.[0]
    super(
      `The database that DATABASE_URL names can't be used: ${wordsOf(fault)}.${hint === undefined ? '' : `\n  ${hint}`}`,
    )
  }
}

/** Nobody answers, no such role, password, database or right: classes 28, 3D and 42501, or the connection itself. */
export const isOperators = (fault: unknown): boolean =>
  isUnavailable(fault) || /^(28|3D|42501)/.test(sqlState(fault) ?? '')

const stateIs = (state: string) => (fault: unknown) => sqlState(fault) === state
const codeIs = (codes: RegExp) => (fault: unknown) => codes.test((fault as NodeJS.ErrnoException).code ?? '')
const saysThat = (words: RegExp) => (fault: unknown) => words.test(wordsOf(fault))

const hints: readonly [string, (fault: unknown) => boolean][] = [
  ['Check user and password. In them % is written %25, @ is %40, : is %3A and / is %2F.', stateIs('28P01')],
  [
    "The server's pg_hba.conf lets nobody in like this. Where it asks for TLS, add ?sslmode=require.",
    stateIs('28000'),
  ],
  ['Make it, owned by that role: create database … owner …;', stateIs('3D000')],
  ['The role has to own the database: alter database … owner to …;', stateIs('42501')],
  [
    'Name the server that takes writes, or all of them: postgres://…@one.example.com,two.example.com/…',
    (fault) => fault instanceof OnlyReads || sqlState(fault) === readOnly,
  ],
  [
    'Look whether PostgreSQL runs there and listens on that address and port.',
    codeIs(/^(ECONNREFUSED|ENOENT)$/),
  ],
  ['No machine is known by that name.', codeIs(/^(ENOTFOUND|EAI_AGAIN)$/)],
  ['Look whether a firewall is in the way.', saysThat(/timeout expired|ETIMEDOUT|EHOSTUNREACH|ENETUNREACH/)],
  ['The server has no TLS: with ?sslmode=disable it is used without.', saysThat(/SSL connection/)],
  [
    "Add the authority's certificate, ?sslmode=verify-full&sslrootcert=FILE, or trust whoever answers: ?sslmode=require.",
    codeIs(/^(CERT_|DEPTH_ZERO|SELF_SIGNED|UNABLE_TO_|ERR_TLS)/),
  ],
]
