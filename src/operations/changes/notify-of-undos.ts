import { undoAnnouncedFor, undoToldAt } from '../../core/changes/undo.ts'
import { findAccount } from '../../storage/account.ts'
import { type AnnouncedUndo, announcedUndos, takeUndoRound } from '../../storage/change.ts'
import type { Database } from '../../storage/sql.ts'
import { notifyOfUndo } from './decide-change.ts'

/**
 * Tells of undos that are announced, in rounds until they may be done: the first goes with the asking, the others come
 * from here. A round is taken and its notices queued in one transaction, so that it is sent once and never left out.
 *
 * @throws what the first of them failed with, once all the others were told
 */
export async function notifyOfUndos(database: Database): Promise<void> {
  const faults: unknown[] = []
  for (const undo of await announcedUndos(database.sql)) {
    await notifyRound(database, undo).catch((fault) => faults.push(fault))
  }
  if (faults.length > 0) throw faults[0]
}

async function notifyRound(
  database: Database,
  { accountId, id, askedAt, rounds, now }: AnnouncedUndo,
): Promise<void> {
  const due = undoToldAt[rounds]
  if (due === undefined || now < askedAt + due) return
  await database.transaction(async (sql) => {
    const account = await findAccount(sql, accountId)
    if (account === undefined || !(await takeUndoRound(sql, accountId, id, rounds))) return
    const told = { kind: 'undo_asked', undoFrom: askedAt + undoAnnouncedFor } as const
    await notifyOfUndo(sql, account, id, told, now)
  })
}
