import type { Refusal } from '../core/refusal.ts'

/**
 * Thrown inside a transaction to take back what it has counted: a request refused by one count costs nothing on the
 * others. The operation that began the transaction turns it into the refusal it carries.
 */
export class Rollback extends Error {
  readonly refusal: Refusal
  constructor(refusal: Refusal) {
    super(refusal.code)
    this.refusal = refusal
  }
}
