import { flowLasts } from '../../core/flow.ts'
import { accept, type Result, refuse } from '../../core/refusal.ts'
import type { Instant } from '../../core/time.ts'
import { canonicalCode } from '../../core/verifications/code.ts'
import { newId } from '../../secrets/random.ts'
import { newTotpSeed, sealTotpSeed, totpAddress, totpStep } from '../../secrets/totp.ts'
import { insertTotp } from '../../storage/security-info.ts'
import type { Sql } from '../../storage/sql.ts'
import type { Deps } from '../deps.ts'
import type { SignedInSession, Source } from '../source.ts'
import { addItem } from './add-item.ts'
import { itemName } from './item-name.ts'

/**
 * A seed that an app may take up. Nothing is stored before the app has shown a code of it: the seed goes along with the
 * form, sealed, and is the item's own from the first code on.
 */
export type TotpOffer = { sealed: string; seed: string; address: string }

type Offered = { itemId: string; seed: string; at: Instant }

export function offerTotp(deps: Deps, session: SignedInSession, username: string, now: Instant): TotpOffer {
  const offered: Offered = { itemId: newId(), seed: newTotpSeed(), at: now }
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
  source: Source,
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
  const added = await addItem(deps, session, item, insert, source, now)
  return added.ok ? accept(null) : added
}

const boundTo = ({ accountId, sessionId }: SignedInSession): string => `set up totp ${accountId} ${sessionId}`

const shown = (deps: Deps, { seed }: Offered, username: string) => ({
  seed,
  address: totpAddress(seed, deps.operatorName, username),
})

function openOffer(deps: Deps, session: SignedInSession, sealed: string, now: Instant): Offered | undefined {
  try {
    const text = deps.keyring.current().lasting.open(Buffer.from(sealed, 'base64url'), boundTo(session))
    const offered = JSON.parse(text) as Offered
    return now < offered.at + flowLasts ? offered : undefined
  } catch {
    return undefined
  }
}
