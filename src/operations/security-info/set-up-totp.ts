import { flowLasts } from '../../core/flows/flow.ts'
import { accept, type Result, refuse } from '../../core/refusal.ts'
import type { Duration, Instant } from '../../core/time.ts'
import { canonicalCode } from '../../core/verifications/code.ts'
import { newId } from '../../secrets/random.ts'
import { newTotpSeed, sealTotpSeed, totpAddress, totpStep } from '../../secrets/totp.ts'
import { insertTotp, itemsOf } from '../../storage/security-info.ts'
import type { Sql } from '../../storage/sql.ts'
import type { Deps } from '../deps.ts'
import type { Requester, SignedInSession } from '../requester.ts'
import { addItem } from './add-item.ts'
import { itemName } from './item-name.ts'

/**
 * A seed that an app may take up. Nothing is stored before the app has shown a code of it: the seed goes along with the
 * form, sealed, and is the item's own from the first code on. The browser keeps it in a cookie besides, so that a page that
 * is loaded again shows the key that was scanned.
 */
export type TotpOffer = {
  sealed: string
  seed: string
  address: string
  /** What tells its entry in an app from the others of this account; none for the first. */
  mark: string | undefined
}

type Offered = { itemId: string; seed: string; at: Instant; mark: string | undefined }

/** How long a key is offered until it is taken up. */
export const totpOfferLasts: Duration = flowLasts

/**
 * The session's open offer, until it is taken up or an hour old.
 *
 * @param before the one that its browser was shown, sealed
 */
export async function offerTotp(
  deps: Deps,
  session: SignedInSession,
  username: string,
  before: string | undefined,
): Promise<TotpOffer> {
  const items = await itemsOf(deps.database.sql, session.accountId)
  const open = before === undefined ? undefined : openOffer(deps, session, before, session.now)
  if (before !== undefined && open !== undefined && !items.some(({ id }) => id === open.itemId)) {
    return { sealed: before, ...shown(deps, open, username) }
  }
  const itemId = newId()
  const mark = items.some(({ kind }) => kind === 'totp') ? itemId.slice(0, 4) : undefined
  const offered: Offered = { itemId, seed: newTotpSeed(), at: session.now, mark }
  const sealed = deps.keyring.current().lasting.seal(JSON.stringify(offered), boundTo(session))
  return { sealed: sealed.toString('base64url'), ...shown(deps, offered, username) }
}

/** What a form that is shown again holds; undefined where it is not this session's, or too old. */
export function offeredAgain(
  deps: Deps,
  session: SignedInSession,
  sealed: string,
  username: string,
  now: Instant,
): TotpOffer | undefined {
  const offered = openOffer(deps, session, sealed, now)
  return offered && { sealed, ...shown(deps, offered, username) }
}

/**
 * Adds the app, proved by a code that it shows. That code's step counts as used: it signs nobody in.
 *
 * Refusals: `form_stale`, `code_malformed`, `totp_wrong`, `items_full`.
 */
export async function setUpTotp(
  deps: Deps,
  session: SignedInSession,
  form: { sealed: string; code: string; name: string },
  requester: Requester,
  now: Instant,
): Promise<Result<null>> {
  const offered = openOffer(deps, session, form.sealed, now)
  if (offered === undefined) return refuse({ code: 'form_stale' })
  const code = canonicalCode(form.code)
  if (code?.length !== 6) return refuse({ code: 'code_malformed', length: 6 })
  const step = totpStep(offered.seed, code, now)
  if (step === undefined) return refuse({ code: 'totp_wrong' })
  const { accountId } = session
  const { itemId, seed } = offered
  const name = itemName(form.name)
  const sealedSeed = sealTotpSeed(deps.keyring.current(), seed, accountId, itemId)
  const item = { id: itemId, kind: 'totp', name } as const
  const insert = (sql: Sql) => insertTotp(sql, { accountId, id: itemId, name, sealedSeed, step })
  const added = await addItem(deps, session, item, insert, requester, now)
  return added.ok ? accept(null) : added
}

const boundTo = ({ accountId, sessionId }: SignedInSession): string => `set up totp ${accountId} ${sessionId}`

const shown = (deps: Deps, { seed, mark }: Offered, username: string) => ({
  seed,
  mark,
  address: totpAddress(seed, deps.operatorName, mark === undefined ? username : `${username} (${mark})`),
})

function openOffer(deps: Deps, session: SignedInSession, sealed: string, now: Instant): Offered | undefined {
  try {
    const text = deps.keyring.current().lasting.open(Buffer.from(sealed, 'base64url'), boundTo(session))
    const offered = JSON.parse(text) as Offered
    return now < offered.at + totpOfferLasts ? offered : undefined
  } catch {
    return undefined
  }
}
