import type { AccountOverview } from '../../../operations/sessions.ts'
import { Badge } from '../components/badge.tsx'
import { Actions, Button, ButtonLink, Hidden } from '../components/form.tsx'
import { Moment } from '../components/moment.tsx'
import { Page } from '../components/page.tsx'
import { Row, Rows } from '../components/rows.tsx'
import { useSay } from '../reader.tsx'

/** Which of the accounts on this browser? Each keeps its own tab. */
export function AccountsPage({ accounts }: { accounts: readonly { handle: string; name: string }[] }) {
  const say = useSay()
  return (
    <Page title={say('accounts.title')}>
      <Rows label={say('accounts.title')}>
        {accounts.map(({ handle, name }) => (
          <Row href={`/account/${handle}`} title={<bdi>{name}</bdi>} />
        ))}
      </Rows>
      <Actions>
        <ButtonLink href="/signin" look="second">
          {say('accounts.add')}
        </ButtonLink>
      </Actions>
    </Page>
  )
}

/** The first page of an account: its names, and the ways in which it can prove it's its owner. */
export function AccountPage({
  account,
  handle,
  form,
}: {
  account: AccountOverview
  handle: string
  form: string
}) {
  const say = useSay()
  const name = account.names[0]?.name ?? ''
  return (
    <Page title={say('account.title')} account={name}>
      {account.role === 'administrator' && <Badge tone="info">{say('account.administrator')}</Badge>}
      <h2>{say('account.names')}</h2>
      <ul class="plain-rows">
        {account.names.map((username) => (
          <li>
            <bdi dir="ltr">{username.name}</bdi>
          </li>
        ))}
      </ul>
      <h2>{say('account.securityInfo')}</h2>
      <p class="quiet">{say('account.securityInfoLead')}</p>
      <ul class="plain-rows">
        {account.items.map((item) => (
          <li>
            <b>
              <bdi dir="ltr">{item.address}</bdi>
            </b>
            <span class="quiet small">
              {say(`choose.${item.kind}`)} ·{' '}
              {item.provenAt === undefined ? (
                say('account.neverProved')
              ) : (
                <>
                  {say('account.proved')} <Moment at={item.provenAt} shape="moment" />
                </>
              )}
            </span>
          </li>
        ))}
      </ul>
      <form method="post" action={`/account/${handle}/signout`}>
        <Hidden name="form" value={form} />
        <Actions>
          <Button look="second">{say('account.signOut')}</Button>
          <a href="/signin">{say('accounts.add')}</a>
        </Actions>
      </form>
    </Page>
  )
}
