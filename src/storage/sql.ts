import pg from 'pg'
import { type Duration, type Instant, seconds } from '../core/time.ts'
import { sha256 } from '../secrets/digest.ts'

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

export type DatabaseSettings = {
  connection: pg.PoolConfig
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
  const pool = new pg.Pool({
    ...settings.connection,
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
  pool.on('connect', (client) => client.on('error', () => {}))
  const named = settings.preparedStatements
  return {
    sql: sqlOver({ query: (statement) => queryOver(pool, statement) }, named),
    async transaction(work) {
      const client = await pool.connect()
      let broken: Error | undefined
      // Between two statements nobody waits for an answer: without a listener a lost connection would end the process.
      const lost = (fault: Error) => {
        broken = fault
      }
      client.on('error', lost)
      try {
        await client.query('begin')
        const value = await work(sqlOver(client, named))
        await client.query('commit')
        return value
      } catch (fault) {
        if (isUnavailable(fault) && sqlState(fault) === undefined) broken = fault as Error
        // On a connection that is lost there is nobody to ask: the server rolls back by itself.
        if (broken === undefined) await client.query('rollback').catch(lost)
        throw fault
      } finally {
        client.off('error', lost)
        client.release(broken)
      }
    },
    close: () => pool.end(),
  }
}

/**
 * One statement on a connection of the pool. What the pool does itself with a fault, to end the connection, would make
 * every request that a limit declines pay for a new one: only what may have broken it does.
 */
async function queryOver(pool: pg.Pool, statement: pg.QueryConfig): Promise<pg.QueryResult> {
  const client = await pool.connect()
  let broken: Error | undefined
  const lost = (fault: Error) => {
    broken = fault
  }
  client.on('error', lost)
  try {
    return await client.query(statement)
  } catch (fault) {
    if (/^(08|57P)|^$/.test(sqlState(fault) ?? '')) broken = fault as Error
    throw fault
  } finally {
    client.off('error', lost)
    client.release(broken)
  }
}

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

/** Class 08 and 57P: the connection or the server went away. 55P03: waited too long for a lock. 53: out of resources. */
export function isUnavailable(fault: unknown): boolean {
  const state = sqlState(fault)
  if (state !== undefined) return /^(08|57|53|25006|55P03|40P01|40001)/.test(state)
  const code = (fault as NodeJS.ErrnoException | undefined)?.code
  if (code !== undefined && /^(ECONN|ENOENT|EPIPE|ETIMEDOUT|ENOTFOUND|EAI_AGAIN)/.test(code)) return true
  return (
    fault instanceof Error &&
    /Connection terminated|Query read timeout|timeout exceeded when trying to connect|Client has encountered a connection error|Cannot use a pool after/.test(
      fault.message,
    )
  )
}
