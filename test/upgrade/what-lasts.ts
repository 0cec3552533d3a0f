import { describe, expect, test } from 'vitest'
import { type Person, wordsOf } from '../support/person.ts'
import { cast, type Member } from './fixture.ts'
import { appCode, type Installed, passkeyAnswer, recoveryCodeOn } from './installed.ts'

export const memberOf = (name: string): Member => {
  const member = cast.members[name]
  if (member === undefined) throw new Error(`Nobody is called ${name}.`)
  return member
}

/** As far as the name and the password lead. */
export async function typePassword(
  person: Person,
  member: Member,
  password = member.password ?? cast.password,
) {
  await person.open('/signin')
  await person.submit({ username: member.email })
  return person.submit({ password })
}

/** Signs in on a browser that the account doesn't know, with a code by mail. */
export async function signInByMail(installed: Installed, member: Member): Promise<Person> {
  const person = installed.person()
  await typePassword(person, member)
  await person.submit({ item: member.items.email ?? '' })
  await person.submit({ code: await installed.readCode(member.email) })
  expect([member.email, person.page.refusal]).toEqual([member.email, undefined])
  expect(person.page.path).toMatch(/^\/account\//)
  return person
}

/** Of pages that differ in an id or a query alone, so many are opened. */
const mostAlike = 3

/** Opens every page of the account that a link leads to. @returns the paths */
export async function readEveryPage(person: Person): Promise<string[]> {
  const home = person.page.path.split('?')[0] ?? ''
  const paths = [home]
  const alike = new Map<string, number>()
  const isNew = (path: string): boolean => {
    const kind = path.replace(/\?.*/, '').replace(/[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}/g, ':id')
    alike.set(kind, (alike.get(kind) ?? 0) + 1)
    return (alike.get(kind) ?? 0) <= mostAlike
  }
  for (const path of paths) {
    const page = await person.open(path)
    const fine = page.status < 400 || page.refusal === 'changes_frozen'
    expect([path, fine ? 'fine' : `${page.status} ${page.refusal}`]).toEqual([path, 'fine'])
    for (const [, link = ''] of page.text.matchAll(/href="([^"]+)"/g)) {
      const to = link.replaceAll('&amp;', '&')
      if (to.startsWith(`${home}/`) && !paths.includes(to) && isNew(to)) paths.push(to)
    }
  }
  return paths
}

/** Follows a notice: types the reference in it, and goes on to where its change is undone. */
export async function followNotice(installed: Installed, name: string): Promise<Person> {
  const { path = '', reference = '' } = cast.notices[name] ?? {}
  const reader = installed.person()
  await reader.open(path)
  await reader.submit({ reference })
  expect([name, reader.page.refusal]).toEqual([name, undefined])
  const [, on] = /href="(\/undo\/[\w-]+)"/.exec(reader.page.text) ?? []
  if (on !== undefined) await reader.open(on)
  return reader
}

const decides = async (reader: Person) => {
  const { path } = reader.page
  await reader.press('decide')
  expect([reader.page.status, reader.page.refusal, reader.page.path]).toEqual([200, undefined, path])
  expect(reader.page.forms.some(({ fields }) => 'act' in fields)).toBe(false)
}

/** Accounts whose name and password lead to a choice of what to prove, whatever else is going on with them. */
const asAccounts = Object.keys(cast.members).filter(
  (name) => !/^(sign-in|step-up|undoing|stop|guarded|prove|over)-|^guessed$/.test(name),
)

/** What is there after every way to move on, the export included: accounts, their security info, what changed, keys. */
export function whatLasts(installed: () => Installed): void {
  describe('an account of before', () => {
    test.each(asAccounts)('signs in by password and code, and reads all its pages: %s', async (name) => {
      const member = memberOf(name)
      const person = await signInByMail(installed(), member)
      const home = person.page.path
      await person.open(`${home}/security`)
      for (const id of Object.values(member.items)) expect(person.page.text).toContain(id)
      await person.open(home)
      expect((await readEveryPage(person)).length).toBeGreaterThan(8)
    })

    test('signs in with its authenticator app, and not twice with one code', async () => {
      const member = memberOf('with-app')
      const code = appCode(member.seed ?? '')
      for (const refusal of [undefined, 'totp_used']) {
        const person = installed().person()
        await typePassword(person, member)
        await person.submit({ item: member.items.totp ?? '' })
        await person.submit({ code })
        expect(person.page.refusal).toBe(refusal)
      }
    })

    test('signs in by a text to its phone', async () => {
      const member = memberOf('with-phone')
      const person = installed().person()
      await typePassword(person, member)
      await person.submit({ item: member.items.phone ?? '' })
      await person.submit({ code: await installed().readCode(member.phone) })
      expect(person.page.path).toMatch(/^\/account\//)
    })

    test('signs in with its passkey alone', async () => {
      const person = installed().person()
      await person.open('/signin')
      const { fields } = person.form('offer')
      const [, action = ''] = /data-action="([^"]+)"/.exec(person.page.text) ?? []
      const credential = passkeyAnswer(installed(), memberOf('with-passkey'), person.page)
      await person.follow(await person.request(action, { fields: { ...fields, credential } }), action)
      expect(person.page.path).toMatch(/^\/account\//)
    })

    test('signs in with its recovery code, and keeps the next one', async () => {
      const member = memberOf('with-recovery-code')
      const signIn = async (typed: string) => {
        const person = installed().person()
        await typePassword(person, member)
        await person.submit({ item: member.items.recovery_code ?? '' })
        await person.submit({ recovery_code: typed })
        return person
      }
      const person = await signIn(member.recoveryCode ?? '')
      const next = recoveryCodeOn(person.page)
      await person.press('saved')
      expect(person.page.path).toMatch(/^\/account\//)
      expect((await signIn(member.recoveryCode ?? '')).page.refusal).toBe('recovery_code_wrong')
      expect(recoveryCodeOn((await signIn(next)).page)).not.toBe('')
    })

    test('with a wrong password is not signed in to', async () => {
      const person = installed().person()
      await typePassword(person, memberOf('plain'), 'not the password')
      expect(person.page.refusal).toBe('sign_in_wrong')
    })

    test('in Arabic reads its pages and gets its mail in Arabic', async () => {
      const member = memberOf('arabic')
      const person = installed().person({ ...member.browser, cookies: [['__Host-language', 'ar']] })
      await typePassword(person, member)
      expect(person.page.text).toContain('dir="rtl"')
      await person.submit({ item: member.items.email ?? '' })
      await person.submit({ code: await installed().readCode(member.email) })
      expect(person.page.path).toMatch(/^\/account\//)
      expect((await installed().inbox(member.email))[0]?.subject).toMatch(/[\u0600-\u06ff]/)
    })

    test('is joined by a new one that signs up', async () => {
      const person = installed().person()
      await person.open('/signup')
      await person.submit({ email: 'newcomer@example.org' })
      await person.submit({ code: await installed().readCode('newcomer@example.org') })
      await person.submit({ password: cast.password })
      expect(person.page.path).toMatch(/^\/account\//)
    })
  })

  describe('a change of before', () => {
    test('is frozen by the reference in its notice, and undone by a code', async () => {
      const member = memberOf('standing')
      const reader = await followNotice(installed(), 'standing')
      await reader.submit({ item: member.items.email ?? '' })
      const code = await installed().readCode(member.email)
      expect(code).toHaveLength(8)
      await reader.submit({ code })
      await decides(reader)
      const owner = await signInByMail(installed(), member)
      await owner.open(`${owner.page.path}/security`)
      expect(owner.page.text).toContain(member.items.email)
      expect(owner.page.text).not.toContain(member.items.thief)
    })

    test('of the password is undone: the old one works again', async () => {
      const member = memberOf('new-password')
      const reader = await followNotice(installed(), 'new-password')
      await reader.submit({ item: member.items.email ?? '' })
      await reader.submit({ code: await installed().readCode(member.email) })
      await decides(reader)
      const person = installed().person()
      await typePassword(person, member)
      expect(person.page.refusal).toBe('sign_in_wrong')
      await person.submit({ password: cast.password })
      expect(person.page.refusal).toBeUndefined()
    })

    test('that was frozen is decided by its owner, signed in', async () => {
      const member = memberOf('frozen')
      const owner = await signInByMail(installed(), member)
      const home = owner.page.path
      expect((await owner.open(`${home}/password`)).refusal).toBe('changes_frozen')
      await owner.open(`${home}/security`)
      const [change] = /[^"]+\/security\/changes\/[\w-]+/.exec(owner.page.text) ?? []
      await owner.open(`${change}/undo`)
      await owner.submit({ form: owner.form('form').fields.form ?? '' })
      expect(owner.page.refusal).toBeUndefined()
      expect((await owner.open(`${home}/password`)).refusal).toBeUndefined()
    })

    test('that removed an app is undone by that app’s own code', async () => {
      const { seed, items } = memberOf('removed')
      const reader = await followNotice(installed(), 'removed')
      const choices = [...reader.page.text.matchAll(/name="item" value="([\w-]+)"/g)].map(([, id]) => id)
      const known = Object.values(items)
      const app = choices.find((id) => id !== undefined && !known.includes(id))
      await reader.submit({ item: app ?? '' })
      await reader.submit({ code: appCode(seed ?? '') })
      await decides(reader)
    })

    test('that was confirmed, undone or stopped stays decided', async () => {
      for (const name of ['kept', 'undone', 'stopped']) {
        const reader = await followNotice(installed(), name)
        expect([name, reader.page.status, reader.page.path]).toEqual([name, 200, cast.notices[name]?.path])
      }
    })

    test('whose undo is announced is stopped by an older app', async () => {
      const { items, seed } = memberOf('announced')
      const reader = await followNotice(installed(), 'announced announced')
      await reader.submit({ item: items.totp ?? '' })
      await reader.submit({ code: appCode(seed ?? '') })
      await decides(reader)
    })

    test('is followed by a new one: a contact is added, and the others are told', async () => {
      const member = memberOf('two-mails')
      const owner = await signInByMail(installed(), member)
      const home = owner.page.path
      await owner.open(`${home}/security/add`)
      await owner.submit({ contact: 'third.mailbox@example.com' })
      await owner.submit({ code: await installed().readCode('third.mailbox@example.com') })
      expect(owner.page.refusal).toBeUndefined()
      await expect
        .poll(async () => (await installed().inbox(member.second)).map(({ text }) => wordsOf(text)).join(), {
          timeout: 60_000,
        })
        .toContain('/changes/')
    })
  })

  describe('an application of before', () => {
    const { token, revoked, verifications } = cast.api
    const read = async (name: string) => (await installed().api(token, `/${verifications[name]}`)).body

    test('reads its verifications as they ended', async () => {
      expect((await read('approved')).status).toBe('approved')
      expect((await read('cancelled')).status).toBe('cancelled')
      expect((await read('exhausted')).status).toBe('exhausted')
      expect((await read('expired')).status).toBe('expired')
      expect(await read('refused')).toMatchObject({
        deliveries: [{ events: [{ cause: 'mailbox_unknown' }] }],
      })
    })

    test('sends a code with its key and checks it; a revoked key is refused', async () => {
      const to = { email: 'customer@example.net' }
      const { status, body } = await installed().api(token, '', { to })
      expect(status).toBe(201)
      const code = await installed().readCode(to.email)
      expect(await installed().api(token, `/${body.id}/attempts`, { code })).toMatchObject({ status: 200 })
      expect((await installed().api(revoked, '', { to })).body.code).toBe('api_key_refused')
    })
  })
}
