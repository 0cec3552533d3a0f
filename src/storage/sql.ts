import pg from 'pg'
import { type Duration, type Instant, seconds } from '../core/time.ts'
import { sha256 } from '../secrets/digest.ts'
import { assertTakesWrites, type Connection, NoServer, OnlyReads, openRoutes } from './servers.ts'

/**
 * Static SQL with values beside it. Each text becomes one named prepared statement, so PostgreSQL parses and plans it
 * once a connection; the name is a hash of the text, so every process uses the same one.
 */
export type Sql = {
  <Row extends object>(strings: TemplateStringsArray, ...values: unknown[]): Promise<Row[]>
  /** For SQL that is put together once, at start, from policy: never from anything a request says. */
  run<Row extends object>(statement: Statement, values: unknown[]): Promise<Row[]>
}

export type Statement = { name: string; text: string }

export type Database = {
  sql: Sql
  /** Runs `work` in one transaction; a throw rolls back. */
  transaction<Value>(work: (sql: Sql) => Promise<Value>): Promise<Value>
  close(): Promise<void>
}

/** The clock by which deadlines and proofs are judged. */
export async function databaseClock(sql: Sql): Promise<Instant> {
  const rows = await sql<{ now: Date }>`select statement_timestamp() as now`
  return Number(rows[0]?.now)
}

/** The same, and 25006 where the database takes no writes: the update changes no row and is refused all the same. */
export async function writableClock(sql: Sql): Promise<Instant> {
  const rows = await sql<{ now: Date }>`
    with write as (update migration set name = name where false) select statement_timestamp() as now`
  return Number(rows[0]?.now)
}

export type DatabaseSettings = {
  connection: Connection
  poolSize: number
  /** PgBouncer before 1.21 in transaction mode breaks named statements; turned off, each statement is planned anew. */
  preparedStatements: boolean
  onIdleFault: (fault: Error) => void
}

export const statement = (text: string): Statement => ({
  name: sha256(text).toString('base64url').slice(0, 24),
  text,
})

/**
 * How long anything waits for the database: a server that is frozen or cut off says nothing at all. Longer than
 * `lock_timeout`, so that waiting on a lock is told by the server itself.
 */
const patience: Duration = seconds(3)

export function openDatabase(settings: DatabaseSettings): Database {
  const pool = openPool(settings)
  const named = settings.preparedStatements
  return {
    sql: sqlOver({ query: (statement) => pool.use((client) => client.query(statement)) }, named),
    transaction: (work) =>
      pool.use(async (client, connection) => {
        try {
          await client.query('begin')
          const value = await work(sqlOver(client, named))
          await client.query('commit')
          return value
        } catch (fault) {
          // On a connection that is lost there is nobody to ask: the server rolls back by itself.
          if (!connection.isLost() && !endsConnection(fault))
            await client.query('rollback').catch(connection.lose)
          throw fault
        }
      }),
    close: pool.close,
  }
}

/** Connections to the server that takes writes. Each is ended once it can't do its work any more. */
function openPool(settings: DatabaseSettings) {
  const routes = openRoutes(settings.connection)
  // Raised where a connection turned out to only read: those that were made before it are then worth nothing either.
  let failovers = 0
  const madeAfter = new WeakMap<pg.PoolClient, number>()
  class RoutedClient extends pg.Client {
    constructor(config?: pg.ClientConfig) {
      super({ ...config, ...routes.current() })
    }
  }
  const pool = new pg.Pool({
    ...settings.connection,
    Client: RoutedClient,
    onConnect: assertTakesWrites,
    max: settings.poolSize,
    connectionTimeoutMillis: patience,
    query_timeout: patience,
    idleTimeoutMillis: 60_000,
    keepAlive: true,
  })
  // A connection that dies while idle is dropped by the pool; without a listener it would end the process.
  pool.on('error', settings.onIdleFault)
  // Nor is anybody listening in the moment between the pool's handing a connection out and its first statement, which
  // then fails by itself.
  pool.on('connect', (client) => {
    client.on('error', () => {})
    madeAfter.set(client, failovers)
  })

  async function checkOut(): Promise<pg.PoolClient> {
    const until = performance.now() + patience
    const failed = new Set<object>()
    for (;;) {
      const route = routes.current()
      try {
        const client = await pool.connect()
        if (madeAfter.get(client) === failovers) return client
        client.release(true)
      } catch (fault) {
        failed.add(route)
        const mayWork = !isPoolFull(fault) && routes.moveOn(route, fault) && !failed.has(routes.current())
        if (!mayWork || performance.now() > until) throw fault
      }
    }
  }

  return {
    async use<Value>(
      work: (
        client: pg.PoolClient,
        connection: { isLost(): boolean; lose(fault: Error): void },
      ) => Promise<Value>,
    ): Promise<Value> {
      const client = await checkOut()
      let broken: Error | undefined
      const lose = (fault: Error) => {
        broken = fault
      }
      // Between two statements nobody waits for an answer: without a listener a lost connection would end the process.
      client.on('error', lose)
      try {
        return await work(client, { isLost: () => broken !== undefined, lose })
      } catch (fault) {
        if (endsConnection(fault)) broken ??= fault as Error
        if (sqlState(fault) === readOnly && madeAfter.get(client) === failovers) failovers += 1
        throw fault
      } finally {
        client.off('error', lose)
        client.release(broken)
      }
    },
    close: () => pool.end(),
  }
}

const isPoolFull = (fault: unknown): boolean =>
  fault instanceof Error && fault.message === 'timeout exceeded when trying to connect'

type Queryable = { query(config: pg.QueryConfig): Promise<pg.QueryResult> }

function sqlOver(target: Queryable, named: boolean): Sql {
  const run = async <Row extends object>({ name, text }: Statement, values: unknown[]): Promise<Row[]> => {
    const result = await target.query(named ? { name, text, values } : { text, values })
    return result.rows as Row[]
  }
  const tag = <Row extends object>(strings: TemplateStringsArray, ...values: unknown[]) =>
    run<Row>(statementOf(strings), values)
  return Object.assign(tag, { run })
}

const statements = new WeakMap<TemplateStringsArray, Statement>()

function statementOf(strings: TemplateStringsArray): Statement {
  const known = statements.get(strings)
  if (known) return known
  const made = statement(strings.reduce((text, part, index) => `${text}$${index}${part}`))
  statements.set(strings, made)
  return made
}

/** How a statement refuses: where a limit has no room it divides by zero, which takes back all that it did. */
export const divisionByZero = '22012'
export const uniqueViolation = '23505'
/** Somebody else holds the row, for longer than `lock_timeout`. */
export const lockNotAvailable = '55P03'
/** Two statements waited for each other, and this one was ended. */
export const deadlockDetected = '40P01'

/** The SQLSTATE of a database fault, or undefined where it is another kind of fault. */
export const sqlState = (fault: unknown): string | undefined =>
  fault instanceof pg.DatabaseError ? fault.code : undefined

/** The server refuses to write: it is a standby by now, or is set to read only. */
export const readOnly = '25006'
/** A named statement whose result has changed its shape fails on this connection for ever; and what is not supported. */
const featureNotSupported = '0A000'

/**
 * Whether a fault leaves a connection that nothing more can be done on. What the pool does itself with a fault, to end
 * the connection whatever it was, would make every request that a limit declines pay for a new one.
 */
function endsConnection(fault: unknown): boolean {
  const state = sqlState(fault)
  if (state === undefined) return isUnavailable(fault)
  return state === readOnly || state === featureNotSupported || /^(08|57P)/.test(state)
}

/** Class 08 and 57P: the connection or the server went away. 55P03: waited too long for a lock. 53: out of resources. */
export function isUnavailable(fault: unknown): boolean {
  if (fault instanceof OnlyReads || fault instanceof NoServer) return true
  if (fault instanceof pg.DatabaseError) {
    const isStale = fault.code === featureNotSupported && fault.routine === 'RevalidateCachedQuery'
    return isStale || /^(08|57|53|25006|55P03|40P01|40001)/.test(fault.code ?? '')
  }
  const code = (fault as NodeJS.ErrnoException | undefined)?.code
  if (code !== undefined && (networkFault.test(code) || tlsFault.test(code))) return true
  return (
    fault instanceof Error &&
    /Connection terminated|Query read timeout|timeout exceeded when trying to connect|timeout expired|Client has encountered a connection error|Cannot use a pool after|SSL connection/.test(
      fault.message,
    )
  )
}

const networkFault = /^(ECONN|ENOENT|EPIPE|ETIMEDOUT|ENOTFOUND|EAI_AGAIN|EHOSTUNREACH|ENETUNREACH|EACCES)/
/** Of Node and OpenSSL: a certificate that proves nothing, or no common way to encrypt. */
const tlsFault = /^(CERT_|DEPTH_ZERO|SELF_SIGNED|UNABLE_TO_|ERR_TLS|ERR_SSL)/
