import { hintOfStored } from '../../../core/address.ts'
import type { StoredChange } from '../../../core/changes/change.ts'
import type { Refusal, RefusalCode } from '../../../core/refusal.ts'
import { isContact } from '../../../core/security-info/security-info.ts'
import type { Instant } from '../../../core/time.ts'
import type { AccountOverview } from '../../../operations/sign-in/sessions.ts'
import { FrozenNotice } from '../changes/change-pages.tsx'
import { Badge } from '../components/badge.tsx'
import { errorOf } from '../components/error-summary.tsx'
import { Facts } from '../components/facts.tsx'
import { Actions, Button, Hidden } from '../components/form.tsx'
import { Moment } from '../components/moment.tsx'
import { Notice } from '../components/notice.tsx'
import { Page } from '../components/page.tsx'
import { PasswordField, Strength } from '../components/password-field.tsx'
import { useSay } from '../components/reader.tsx'
import { Rows, RowWithButton, StillRow } from '../components/rows.tsx'
import { Way, Ways, WayToDo } from '../components/ways.tsx'
import { FormPage, NameForPassword, useErrors } from '../frame/form-page.tsx'

/** Which of the accounts on this browser? Each keeps its own tab, and can be signed out by itself; `form` is for all. */
export function AccountsPage({
  accounts,
  form,
}: {
  accounts: readonly { handle: string; name: string; form: string }[]
  form: string
}) {
  const say = useSay()
  return (
    <Page title={say('accounts.title')}>
      <Rows label={say('accounts.title')}>
        {accounts.map(({ handle, name, form: own }) => (
          <RowWithButton
            href={`/account/${handle}`}
            title={<bdi>{name}</bdi>}
            action={`/account/${handle}/signout`}
            hidden={{ form: own }}
            button={say('account.signOut')}
            about={say('accounts.signOut', { name })}
          />
        ))}
      </Rows>
      <Ways>
        <Way href="/signin">{say('accounts.add')}</Way>
        <WayToDo action="/account/signout" hidden={{ form }}>
          {say('accounts.signOutAll', { count: accounts.length })}
        </WayToDo>
      </Ways>
    </Page>
  )
}

/** The first page of an account: its names, and the ways in which it can prove it's its owner. */
export function AccountPage({
  account,
  held,
  handle,
  form,
  changed,
}: {
  account: AccountOverview
  /** What is held still, newest first. */
  held: readonly StoredChange[]
  handle: string
  form: string
  /** Whether the password has just been changed. */
  changed: boolean
}) {
  const say = useSay()
  const name = account.names[0]?.name ?? ''
  return (
    <Page title={say('account.title')} account={name}>
      {changed && (
        <Notice tone="good">
          <p>{say('changePassword.done')}</p>
        </Notice>
      )}
      {held.length > 0 && (
        <FrozenNotice held={held} href={`/account/${handle}/security/changes/${held.at(-1)?.id}`} />
      )}
      {account.role === 'administrator' && <Badge tone="info">{say('account.administrator')}</Badge>}
      <h2>{say('account.names')}</h2>
      <Facts
        look="plain"
        facts={account.names.map((username) => ({
          name: say(`choose.${username.kind}`),
          value: username.name,
          ltr: true,
        }))}
      />
      <h2>{say('account.securityInfo')}</h2>
      <p class="quiet">{say('account.securityInfoLead')}</p>
      <Rows label={say('account.securityInfo')}>
        {account.items.filter(isContact).map((item) => (
          <StillRow
            title={<bdi dir="ltr">{hintOfStored(item.address)}</bdi>}
            below={
              <>
                {say(`choose.${item.kind}`)} · <Proved at={item.provenAt} />
              </>
            }
          />
        ))}
      </Rows>
      <Ways>
        <Way href={`/account/${handle}/security`}>{say('security.title')}</Way>
        <Way href={`/account/${handle}/password`}>{say('account.password')}</Way>
        <Way href={`/account/${handle}/activity`}>{say('account.activity')}</Way>
        <Way href={`/account/${handle}/messages`}>{say('account.messages')}</Way>
        <Way href={`/account/${handle}/sessions`}>{say('account.sessions')}</Way>
        <Way href="/account?choose=yes">{say('accounts.switch')}</Way>
        <Way href="/signin">{say('accounts.add')}</Way>
      </Ways>
      <form class="after" method="post" action={`/account/${handle}/signout`}>
        <Hidden name="form" value={form} />
        <Actions>
          <Button look="second">{say('account.signOut')}</Button>
        </Actions>
      </form>
    </Page>
  )
}

function Proved({ at }: { at: Instant | undefined }) {
  const say = useSay()
  if (at === undefined) return <>{say('account.neverProved')}</>
  return (
    <>
      {say('account.proved')} <Moment at={at} shape="moment" />
    </>
  )
}

export function ChangePasswordPage(props: {
  name: string
  handle: string
  form: string
  /** How long a password has to be. */
  least: number
  /** What it is for, where it leads on to turning two-step verification off. */
  toTurnOff: boolean
  refusal: Refusal | undefined
}) {
  const { name, handle, form, least, toTurnOff, refusal } = props
  const say = useSay()
  const isAboutCurrent = refusal !== undefined && aboutCurrent.has(refusal.code)
  const errors = useErrors(refusal, isAboutCurrent ? 'current' : 'next')
  return (
    <FormPage
      title={say('changePassword.title')}
      lead={say(toTurnOff ? 'changePassword.leadLonger' : 'changePassword.lead')}
      account={name}
      errors={errors}
      action={`/account/${handle}/password`}
      hidden={{ form, ...(toTurnOff && { leads_to: 'two_step_off' }) }}
      button={say('changePassword.change')}
      ways={<Way href={`/account/${handle}`}>{say('account.back')}</Way>}
    >
      <NameForPassword name={name} />
      <PasswordField
        name="current"
        label={say('changePassword.current')}
        autocomplete="current-password"
        error={errorOf(errors, 'current')}
      />
      <PasswordField
        name="next"
        label={say('changePassword.next')}
        hint={say('newPassword.hint', { least })}
        autocomplete="new-password"
        error={errorOf(errors, 'next')}
      />
      <Strength of="next" least={least} />
    </FormPage>
  )
}

const aboutCurrent: ReadonlySet<RefusalCode> = new Set([
  'password_wrong',
  'password_is_code',
  'passwords_limit',
  'sign_ins_limit',
])
