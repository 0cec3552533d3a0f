import type { Email } from '../../src/core/address.ts'
import type { SignUp } from '../../src/core/sign-in/sign-up.ts'
import { days } from '../../src/core/time.ts'
import type { Undoing } from '../../src/core/undo/undo-flow.ts'
import { inviteAdministrator } from '../../src/operations/administration/invitations.ts'
import { recordChange } from '../../src/operations/changes/record-change.ts'
import { newId } from '../../src/secrets/random.ts'
import { accountHandle, sessionTokenOf } from '../../src/secrets/tokens.ts'
import { turnTwoStepOff } from '../../src/storage/account.ts'
import { insertContact } from '../../src/storage/security-info.ts'
import { insertSession } from '../../src/storage/session.ts'
import { trustBrowser } from '../../src/storage/trusted-browser.ts'
import { knownPerson, type MadeAccount, makeAccount } from '../support/accounts.ts'
import { putFlow, signInOf, sourceOf } from '../support/flows.ts'
import { giveApp, givePasskey, giveRecoveryCode, giveTwoStep } from '../support/items.ts'
import { cookieNamed, newPerson, type PageForm, type Person } from '../support/person.ts'
import type { World } from '../support/world.ts'

/** A form of the service, as somebody who may send it finds it. */
export type FormPlace = {
  /** The route that it is sent to, as the router knows it. */
  route: string
  person: Person
  /** Opens its page, again where a form works once. */
  open(): Promise<PageForm>
}

/** Every form of the service, of flows at each step. */
export async function openFormPlaces(world: World): Promise<FormPlace[]> {
  const account = await makeAccount(world, 'owner@example.org')
  const changed = await makeAccount(world, 'changed@example.org')
  const app = await giveApp(world, account)
  const key = await givePasskey(world, account)
  await giveRecoveryCode(world, account)
  const [paper] = await world.sql<{ id: string }>`
    select id from security_info where account_id = ${account.id} and kind = 'recovery_code'`
  await world.advance(days(10))
  const items = { totp: app.itemId, passkey: key.itemId, recovery_code: paper?.id ?? '' }
  return [
    ...openForms(world),
    ...(await signInForms(world, account, items)),
    ...(await accountForms(world, account, items)),
    ...(await changeForms(world, changed)),
  ]
}

/** @param ticked boxes that the form has besides */
function place(
  person: Person,
  route: string,
  path: string | (() => Promise<string>),
  names: readonly string[],
  ticked: readonly string[] = [],
): FormPlace {
  let lasting: PageForm | undefined
  return {
    route,
    person,
    async open() {
      if (lasting !== undefined) return lasting
      await person.open(typeof path === 'string' ? path : await path())
      const { action, fields } = person.form(...names)
      const form = {
        action,
        fields: { ...fields, ...Object.fromEntries(ticked.map((name) => [name, 'yes'])) },
      }
      if (typeof path === 'string' && !('revision' in fields)) lasting = form
      return form
    },
  }
}

function openForms(world: World): FormPlace[] {
  const person = newPerson(world)
  const token = 'x'.repeat(43)
  return [
    place(person, '/help/errors', '/help/errors', ['pasted']),
    place(person, '/report/:token', `/report/${token}`, ['reference'], ['handle', 'form']),
    place(person, '/changes/:token', `/changes/${token}`, ['reference']),
    place(person, '/signin', '/signin', ['username'], ['keep']),
    place(person, '/signin/passkey', '/signin', ['offer', 'credential'], ['keep', 'username']),
    place(person, '/signup', '/signup', ['email']),
  ]
}

type Items = { totp: string; passkey: string; recovery_code: string }

async function signInForms(world: World, account: MadeAccount, items: Items): Promise<FormPlace[]> {
  const person = await knownPerson(world, account)
  const atStep = (changes: Parameters<typeof signInOf>[1], name: string): FormPlace => {
    const path = async () =>
      `/signin/${(await putFlow(world, signInOf(account, changes), person.browser)).id}`
    return place(person, '/signin/:id', path, [name], ['trust'])
  }
  const passwordAt = world.now
  const { itemId } = account
  const choosing = atStep({ step: 'choose', passwordAt }, 'item')
  await choosing.open()
  await person.submit({ item: itemId })
  const waiting = person.page.path
  await person.open('/signup')
  await person.submit({ email: 'new@example.org' })
  const signUp = person.page.path
  const signingUp = {
    kind: 'sign_up' as const,
    email: 'newer@example.org' as Email,
    invitation: undefined,
    returnTo: undefined,
    step: 'new_password',
    provenAt: passwordAt,
    addressInUse: false,
  } satisfies SignUp
  const password = async () => `/signup/${(await putFlow(world, signingUp, person.browser)).id}`
  return [
    atStep({ step: 'account_password' }, 'password'),
    choosing,
    atStep({ step: 'confirm', guarded: true, itemId }, 'address'),
    place(person, '/signin/:id', waiting, ['code'], ['trust']),
    atStep({ step: 'totp', passwordAt, itemId: items.totp }, 'code'),
    atStep({ step: 'passkey', passwordAt, itemId: items.passkey }, 'credential'),
    atStep({ step: 'recovery_code', passwordAt, itemId: items.recovery_code }, 'recovery_code'),
    place(person, '/signup/:id', signUp, ['code']),
    place(person, '/signup/:id', password, ['password']),
  ]
}

/** Somebody who is signed in and has just proved all there is. */
async function signedIn(
  world: World,
  account: MadeAccount,
): Promise<{ person: Person; home: string; sessionId: string }> {
  const person = await knownPerson(world, account)
  const ring = world.deps.keyring.current()
  const handle = accountHandle(ring, person.browser, account.id)
  const token = sessionTokenOf(ring, account.id, newId())
  await insertSession(world.sql, {
    accountId: account.id,
    id: token.sessionId,
    secretHash: token.secretHash,
    browser: person.browser,
    kept: false,
    proofs: [
      { kind: 'password', at: world.now },
      { kind: 'email_code', at: world.now, itemId: account.itemId },
    ],
    userAgent: undefined,
    ip: person.ip,
  })
  person.cookies.set(cookieNamed(`account-${handle}`), token.text)
  return { person, home: `/account/${handle}`, sessionId: token.sessionId }
}

async function accountForms(world: World, account: MadeAccount, items: Items): Promise<FormPlace[]> {
  const { person, home, sessionId } = await signedIn(world, account)
  const at = (route: string, path: string | (() => Promise<string>), names: string[], ticked?: string[]) =>
    place(person, `/account/:handle${route}`, path, names, ticked)
  const security = `${home}/security`
  /** An address that is to be removed or confirmed, another each time. */
  const another = (page: string) => async () => {
    const item = { id: newId(), kind: 'email' as const, address: `${newId()}@example.org` }
    await insertContact(world.sql, account.id, {
      ...item,
      provenAt: page === 'confirm' ? undefined : world.now,
    })
    return `${security}/items/${item.id}/${page}`
  }
  const stepUp = (step: 'choose' | 'password' | keyof Items, name: string) => {
    const state = {
      kind: 'step_up',
      accountId: account.id,
      sessionId,
      act: 'add_item',
      step,
      itemId: step === 'choose' || step === 'password' ? undefined : items[step],
      verificationId: undefined,
      returnTo: home,
    } as const
    const path = async () => `${home}/stepup/${(await putFlow(world, state, person.browser)).id}`
    return at('/stepup/:id', path, [name])
  }
  const twoStep = (turn: 'on' | 'off') => async () => {
    if (turn === 'on') await turnTwoStepOff(world.sql, account.id)
    else await giveTwoStep(world, account)
    return `${security}/two-step/${turn}`
  }
  await trustBrowser(world.sql, account.id, person.browser, undefined)
  await person.open(`${security}/add`)
  await person.submit({ contact: 'proving@example.org' })
  const proving = person.page.path
  const [activity] = await world.sql<{ id: string }>`
    select id from activity where subject = ${account.id} order by id limit 1`
  const invitation = await inviteAdministrator(world.deps.database)
  return [
    place(person, '/account/signout', '/account?choose=yes', ['form']),
    place(person, '/administrator/:token', `/administrator/${invitation}`, ['form'], ['handle']),
    at('/signout', home, ['form']),
    at('/password', `${home}/password`, ['current', 'next'], ['leads_to']),
    at('/activity/:id/not-me', `${home}/activity/${activity?.id}/not-me`, ['form']),
    at('/sessions', `${home}/sessions`, ['form'], ['act', 'session']),
    at('/trusted-browsers', `${home}/trusted-browsers`, ['browser']),
    at('/security/add', `${security}/add`, ['contact']),
    at('/security/prove/:id', proving, ['code']),
    at('/security/items/:item/confirm', another('confirm'), ['form']),
    at('/security/items/:item/remove', another('remove'), ['form'], ['lost']),
    at('/security/items/:item/name', `${security}/items/${items.totp}/name`, ['name']),
    at('/security/totp', `${security}/totp`, ['sealed', 'code']),
    at('/security/passkey', `${security}/passkey`, ['credential']),
    at('/security/recovery-code', `${security}/recovery-code`, ['form']),
    at('/security/two-step/on', twoStep('on'), ['form']),
    at('/security/two-step/off', twoStep('off'), ['form']),
    at('/stepup', `${home}/stepup?for=add_item`, ['item']),
    stepUp('choose', 'item'),
    stepUp('password', 'password'),
    stepUp('totp', 'code'),
    stepUp('passkey', 'credential'),
    stepUp('recovery_code', 'recovery_code'),
  ]
}

/** A change, and what its owner may do about it, signed in or not. */
async function changeForms(world: World, account: MadeAccount): Promise<FormPlace[]> {
  const { person, home } = await signedIn(world, account)
  const item = { id: newId(), kind: 'email' as const, address: 'second@example.org' }
  const moments = { addedAt: world.now, provenAt: world.now }
  await insertContact(world.sql, account.id, { ...item, provenAt: world.now })
  const { sql } = world
  const requester = sourceOf(person.browser)
  await recordChange(
    world.deps,
    sql,
    account.id,
    { kind: 'item_added', item: { ...item, ...moments } },
    requester,
    world.now,
  )
  const [change] = await sql<{ id: string }>`select id from change where account_id = ${account.id}`
  const changeId = change?.id ?? ''
  const undoing = (step: 'choose' | 'confirm' | 'password', name: string) => {
    const { itemId } = account
    const state = {
      kind: 'undoing',
      aim: 'undo',
      accountId: account.id,
      changeId,
      contactId: itemId,
      step,
      proofs: [],
      itemId,
      verificationId: undefined,
    } satisfies Undoing
    const path = async () => `/undo/${(await putFlow(world, state, person.browser)).id}`
    return place(person, '/undo/:id', path, [name])
  }
  const at = (act: string, ticked?: string[]) => {
    const route = `/account/:handle/security/changes/:id/${act}`
    return place(person, route, `${home}/security/changes/${changeId}/${act}`, ['form'], ticked)
  }
  return [
    at('freeze'),
    at('undo', ['next']),
    at('keep'),
    undoing('choose', 'item'),
    undoing('confirm', 'address'),
    undoing('password', 'password'),
  ]
}
