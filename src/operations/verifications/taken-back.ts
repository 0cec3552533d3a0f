import type { Refusal, RefusalCode, Result } from '../../core/refusal.ts'
import type { Database, Sql } from '../../storage/sql.ts'

/**
 * Thrown inside a transaction to take back what it has counted: a request refused by one count costs nothing on the
 * others. The operation that began the transaction turns it into the refusal it carries.
 */
export class TakenBack extends Error {
  readonly refusal: Refusal
  constructor(refusal: Refusal) {
    super(refusal.code)
    this.refusal = refusal
  }
}

/** Runs a transaction that is rolled back where its work refuses, and gives its result. */
export async function transactionOrRefusal<Value, Code extends RefusalCode>(
  database: Pick<Database, 'transaction'>,
  work: (sql: Sql) => Promise<Result<Value, Code>>,
): Promise<Result<Value, Code>> {
  let refused: Result<Value, Code> | undefined
  try {
    return await database.transaction(async (sql) => {
      const result = await work(sql)
      if (result.ok) return result
      refused = result
      throw new TakenBack(result.refusal)
    })
  } catch (fault) {
    if (fault instanceof TakenBack && refused !== undefined) return refused
    throw fault
  }
}
