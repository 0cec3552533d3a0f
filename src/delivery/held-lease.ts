import type { Instant } from '../core/time.ts'
import { leaseTime } from '../core/verifications/delivery.ts'
import { type LeasedMessage, renewLease } from '../storage/outbox.ts'
import type { Sql } from '../storage/sql.ts'

/** A message in this worker's hands, for as long as its try takes. */
export type HeldLease = {
  /** Until when nobody else takes it, on this machine's clock. */
  until(): Instant
  /** The message was handed over whole. Written down where the answer is long in coming: who takes it next must know. */
  noteCopy(): void
  /** From now on the lease is renewed: the try waits longer than one lasts. */
  keep(): void
  end(): void
}

export function holdLease(
  sql: Sql,
  message: LeasedMessage,
  leasedFrom: Instant,
  onFault: (fault: unknown, about: string) => void,
): HeldLease {
  let until = leasedFrom + leaseTime
  let copies = message.copies
  let timer: NodeJS.Timeout | undefined

  async function renew(): Promise<void> {
    const asked = Date.now()
    if (await renewLease(sql, message, copies, leaseTime)) until = asked + leaseTime
  }
  const renewNow = () => void renew().catch((fault) => onFault(fault, `Keeping message ${message.id}`))

  return {
    until: () => until,
    noteCopy() {
      copies = message.copies + 1
      if (timer !== undefined) renewNow()
    },
    keep() {
      if (timer !== undefined) return
      timer = setInterval(renewNow, leaseTime / 3)
      renewNow()
    },
    end: () => clearInterval(timer),
  }
}
