import type { StoredChange } from '../../../core/changes/change.ts'
import type { SecurePath } from '../../../operations/activity/not-me.ts'
import { ChangeRows } from '../changes/change-pages.tsx'
import { Actions, ButtonLink } from '../components/form.tsx'
import { Page } from '../components/page.tsx'
import { useSay } from '../components/reader.tsx'
import { type Step, Story } from '../components/story.tsx'
import { Way, Ways } from '../components/ways.tsx'

/** The guided path after "this wasn't me": what is done, what is left, and every change that can still be taken back. */
export function SecurePage({
  name,
  home,
  path,
  changes,
}: {
  name: string
  home: string
  path: SecurePath
  changes: readonly StoredChange[]
}) {
  const say = useSay()
  const { passwordChangedAt } = path
  const steps: Step[] = [
    { at: path.saidAt, state: 'done', told: say('secure.signedOut') },
    passwordChangedAt === undefined
      ? { state: 'waits', told: say('secure.password') }
      : { at: passwordChangedAt, state: 'done', told: say('secure.passwordDone') },
    { state: 'waits', told: say('secure.look') },
  ]
  return (
    <Page
      title={say('secure.title')}
      lead={say('secure.lead', { left: passwordChangedAt === undefined ? 2 : 1 })}
      account={name}
    >
      <Story steps={steps} />
      {passwordChangedAt === undefined && (
        <Actions>
          <ButtonLink href={`${home}/password`}>{say('secure.changePassword')}</ButtonLink>
        </Actions>
      )}
      <h2>{say('change.list')}</h2>
      {changes.length === 0 ? (
        <p>{say('secure.nothing')}</p>
      ) : (
        <>
          <p class="quiet">{say('change.listLead')}</p>
          <ChangeRows changes={changes} here={`${home}/security`} />
        </>
      )}
      {passwordChangedAt !== undefined && (
        <div class="after">
          <Actions>
            <ButtonLink href={`${home}/security/checkup`}>{say('checkup.begin')}</ButtonLink>
          </Actions>
        </div>
      )}
      <Ways>
        <Way href={`${home}/sessions`}>{say('secure.browsers')}</Way>
        <Way href={`${home}/activity`}>{say('secure.all')}</Way>
        <Way href={home}>{say('account.back')}</Way>
      </Ways>
    </Page>
  )
}
