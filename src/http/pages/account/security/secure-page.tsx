import type { SecurePath } from '../../../../operations/activity/not-me.ts'
import { Actions, ButtonLink } from '../../components/form.tsx'
import { Page } from '../../components/page.tsx'
import { type Step, Story } from '../../components/story.tsx'
import { Way, Ways } from '../../components/ways.tsx'
import { useSay } from '../../reader.tsx'

/** The guided path after "this wasn't me": what is done, and what is left. */
export function SecurePage({ name, home, path }: { name: string; home: string; path: SecurePath }) {
  const say = useSay()
  const { passwordChangedAt } = path
  const changes = `${home}/security`
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
      <Actions>
        {passwordChangedAt === undefined ? (
          <ButtonLink href={`${home}/password`}>{say('secure.changePassword')}</ButtonLink>
        ) : (
          <ButtonLink href={changes}>{say('secure.changes')}</ButtonLink>
        )}
      </Actions>
      <Ways>
        {passwordChangedAt === undefined && <Way href={changes}>{say('secure.changes')}</Way>}
        <Way href={`${home}/security`}>{say('secure.undo')}</Way>
        <Way href={`${home}/sessions`}>{say('secure.browsers')}</Way>
        <Way href={`${home}/activity`}>{say('secure.all')}</Way>
      </Ways>
    </Page>
  )
}
