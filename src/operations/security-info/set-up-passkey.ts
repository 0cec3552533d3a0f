import { flowLasts } from '../../core/flows/flow.ts'
import { accept, type Result, refuse } from '../../core/refusal.ts'
import { creationOptions, parseNewCredential, relyingPartyOf } from '../../core/security-info/passkey.ts'
import type { Instant } from '../../core/time.ts'
import { openNewPasskey, passkeyChallenge, userHandleOf } from '../../secrets/passkey.ts'
import { newId } from '../../secrets/random.ts'
import { insertPasskey, passkeysOf } from '../../storage/security-info.ts'
import type { Sql } from '../../storage/sql.ts'
import type { Deps } from '../deps.ts'
import type { Requester, SignedInSession } from '../requester.ts'
import { addItem } from './add-item.ts'
import { itemName } from './item-name.ts'

/** What a browser is asked to make a passkey with; `offer` goes along with the form and tells which challenge it was. */
export type PasskeyOffer = { offer: string; options: ReturnType<typeof creationOptions> }

export async function offerPasskey(
  deps: Deps,
  session: SignedInSession,
  username: string,
  requester: Requester,
  now: Instant,
): Promise<PasskeyOffer> {
  const offer = `${newId()}.${now}`
  const known = await passkeysOf(deps.database.sql, session.accountId)
  const options = creationOptions({
    rp: relyingPartyOf(requester.origin, deps.operatorName),
    challenge: challengeOf(deps, session, offer),
    userHandle: userHandleOf(session.accountId),
    username,
    exclude: known.map((one) => ({
      id: one.credentialId.toString('base64url'),
      transports: one.transports,
    })),
  })
  return { offer, options }
}

/**
 * Adds a passkey that the browser has made. The offer's id becomes the item's, so that one challenge makes one passkey.
 *
 * Refusals: `form_stale`, `passkey_refused`, `passkey_known`, `items_full`.
 */
export async function setUpPasskey(
  deps: Deps,
  session: SignedInSession,
  form: { offer: string; credential: string; name: string },
  requester: Requester,
  now: Instant,
): Promise<Result<null>> {
  const [, itemId, at] = /^([0-9a-f-]{36})\.(\d{13})$/.exec(form.offer) ?? []
  if (itemId === undefined || now >= Number(at) + flowLasts) return refuse({ code: 'form_stale' })
  const credential = parseNewCredential(form.credential)
  if (credential === undefined) return refuse({ code: 'passkey_refused' })
  const rp = relyingPartyOf(requester.origin, deps.operatorName)
  const passkey = await openNewPasskey(credential, challengeOf(deps, session, form.offer), rp)
  if (passkey === undefined) return refuse({ code: 'passkey_refused' })
  const { accountId } = session
  const name = itemName(form.name)
  const item = { id: itemId, kind: 'passkey', name } as const
  const insert = (sql: Sql) => insertPasskey(sql, { accountId, id: itemId, name }, passkey)
  const added = await addItem(deps, session, item, insert, requester, now)
  if (!added.ok) return added
  if (added.value === 'added') return accept(null)
  const mine = (await passkeysOf(deps.database.sql, accountId)).find(({ id }) => id === itemId)
  return mine?.credentialId.equals(passkey.credentialId) ? accept(null) : refuse({ code: 'passkey_known' })
}

const challengeOf = (deps: Deps, { accountId, sessionId }: SignedInSession, offer: string): string =>
  passkeyChallenge(deps.keyring.current(), 'set up', accountId, sessionId, offer)
