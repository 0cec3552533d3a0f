import type { ItemChoice } from '../../../core/flow.ts'
import { shortestAlone } from '../../../core/password.ts'
import type { Refusal } from '../../../core/refusal.ts'
import { Choices } from '../components/choices.tsx'
import { errorOf, type FieldErrors } from '../components/error-summary.tsx'
import { Actions, Button, Form, FormNote, Hidden } from '../components/form.tsx'
import { Notice } from '../components/notice.tsx'
import { Page } from '../components/page.tsx'
import { PasswordField, Strength } from '../components/password-field.tsx'
import { TextField } from '../components/text-field.tsx'
import { TickBox } from '../components/tick-box.tsx'
import { Way, Ways } from '../components/ways.tsx'
import { useReader, useSay } from '../reader.tsx'
import { refusalWords } from '../refusal-words.ts'
import { Hiddens } from './waiting.tsx'

/** What is wrong with the one field of a page; a refusal that isn't about what was typed concerns the whole. */
function useErrors(refusal: Refusal | undefined, field: string): FieldErrors {
  const reader = useReader()
  return refusal === undefined ? [] : [{ field, message: refusalWords(reader, refusal).detail }]
}

type Begun = {
  form: string
  returnTo: string | undefined
  typed?: string | undefined
  refusal?: Refusal | undefined
}

/** The first page of a sign-in: the name, and whether to stay signed in. */
export function SignInPage({
  form,
  returnTo,
  typed,
  refusal,
  pending,
}: Begun & { pending: { href: string; as: string } | undefined }) {
  const { site } = useReader()
  const say = useSay()
  const errors = useErrors(refusal, 'username')
  return (
    <Page title={say('signIn.title', { operator: site.name })} errors={errors}>
      {pending !== undefined && (
        <Notice tone="info" title={say('signIn.pending')}>
          <p>
            <a href={pending.href}>{say('signIn.pendingGo', { as: pending.as })}</a>
          </p>
        </Notice>
      )}
      <Form action="/signin">
        <Hiddens fields={{ form, ...(returnTo !== undefined && { return_to: returnTo }) }} />
        <TextField
          name="username"
          label={say('signIn.username')}
          hint={say('signIn.usernameHint')}
          type="email"
          value={typed}
          autocomplete="username webauthn"
          error={errorOf(errors, 'username')}
        />
        <TickBox name="keep" label={say('signIn.keep')} hint={say('signIn.keepHint')} />
        <Actions>
          <Button>{say('signIn.next')}</Button>
        </Actions>
      </Form>
      <Ways>
        <Way href={returnTo === undefined ? '/signup' : `/signup?return_to=${encodeURIComponent(returnTo)}`}>
          {say('signIn.noAccount')}
        </Way>
      </Ways>
    </Page>
  )
}

type StepProps = { here: string; hidden: Readonly<Record<string, string>>; refusal: Refusal | undefined }

export function PasswordPage({ here, hidden, refusal, username }: StepProps & { username: string }) {
  const say = useSay()
  const errors = useErrors(refusal, 'password')
  return (
    <Page title={say('signIn.passwordTitle')} account={say('signIn.as', { username })} errors={errors}>
      <Form action={here}>
        <Hiddens fields={{ ...hidden, act: 'password' }} />
        <input type="text" name="username" value={username} autocomplete="username" readonly hidden />
        <PasswordField
          name="password"
          label={say('signIn.password')}
          autocomplete="current-password"
          error={errorOf(errors, 'password')}
        />
        <Actions>
          <Button>{say('signIn.next')}</Button>
        </Actions>
      </Form>
      <Ways>
        <Way href="/signin">{say('signIn.otherName')}</Way>
      </Ways>
    </Page>
  )
}

type ChooseProps = StepProps & {
  username: string
  items: readonly ItemChoice[]
  guarded: boolean
  chosen: string | undefined
}

export function ChoosePage({ here, hidden, refusal, username, items, guarded, chosen }: ChooseProps) {
  const say = useSay()
  const errors = useErrors(refusal, 'item')
  return (
    <Page
      title={say('choose.title')}
      lead={say(guarded ? 'choose.guarded' : 'choose.newBrowser')}
      account={say('signIn.as', { username })}
      errors={errors}
    >
      <Form action={here}>
        <Hiddens fields={{ ...hidden, act: 'choose' }} />
        <Choices
          name="item"
          label={say('choose.label')}
          hint={say('choose.notYours')}
          error={errorOf(errors, 'item')}
          chosen={chosen ?? items[0]?.id}
          choices={items.map((item) => ({
            value: item.id,
            label: <bdi dir="ltr">{item.hint}</bdi>,
            hint: say(`choose.${item.kind}`),
          }))}
        />
        <Actions>
          <Button>{say(guarded ? 'signIn.next' : 'choose.send')}</Button>
        </Actions>
      </Form>
      <Ways>
        <Way href="/signin">{say('signIn.otherName')}</Way>
      </Ways>
    </Page>
  )
}

export function ConfirmPage({
  here,
  hidden,
  refusal,
  username,
  hint,
}: StepProps & { username: string; hint: string }) {
  const say = useSay()
  const errors = useErrors(refusal, 'address')
  return (
    <Page
      title={say('confirm.title')}
      lead={say('confirm.lead')}
      account={say('signIn.as', { username })}
      errors={errors}
    >
      <Form action={here}>
        <Hiddens fields={{ ...hidden, act: 'confirm' }} />
        <TextField
          name="address"
          label={say('confirm.label', { hint: `\u2068${hint}\u2069` })}
          hint={say('confirm.hint')}
          ltr
          error={errorOf(errors, 'address')}
        />
        <Actions>
          <Button>{say('choose.send')}</Button>
        </Actions>
      </Form>
      <Ways>
        <Way href="/signin">{say('signIn.otherName')}</Way>
      </Ways>
    </Page>
  )
}

export function SignUpPage({ form, returnTo, typed, refusal, invited }: Begun & { invited: boolean }) {
  const { site } = useReader()
  const say = useSay()
  const errors = useErrors(refusal, 'email')
  return (
    <Page
      title={say('signUp.title', { operator: site.name })}
      lead={say(invited ? 'signUp.invited' : 'signUp.lead')}
      errors={errors}
    >
      <Form action="/signup">
        <Hiddens fields={{ form, ...(returnTo !== undefined && { return_to: returnTo }) }} />
        <TextField
          name="email"
          label={say('signUp.email')}
          hint={say('signUp.emailHint')}
          type="email"
          value={typed}
          autocomplete="email"
          error={errorOf(errors, 'email')}
        />
        <Actions>
          <Button>{say('choose.send')}</Button>
        </Actions>
      </Form>
      <Ways>
        <Way href="/signin">{say('signUp.haveAccount')}</Way>
      </Ways>
    </Page>
  )
}

export function NewPasswordPage({ here, hidden, refusal, email }: StepProps & { email: string }) {
  const say = useSay()
  const errors = useErrors(refusal, 'password')
  return (
    <Page
      title={say('newPassword.title')}
      lead={say('newPassword.lead')}
      account={say('signUp.as', { email })}
      errors={errors}
    >
      <Form action={here}>
        <Hiddens fields={{ ...hidden, act: 'password' }} />
        <input type="text" name="username" value={email} autocomplete="username" readonly hidden />
        <PasswordField
          name="password"
          label={say('newPassword.label')}
          hint={say('newPassword.hint', { least: shortestAlone })}
          autocomplete="new-password"
          error={errorOf(errors, 'password')}
        />
        <Strength of="password" least={shortestAlone} />
        <FormNote>{say('newPassword.advice')}</FormNote>
        <Actions>
          <Button>{say('newPassword.done')}</Button>
        </Actions>
      </Form>
    </Page>
  )
}

/** An invitation to be the first administrator: a button, since opening a link must never act. */
export function InvitationPage({
  here,
  form,
  signedIn,
}: {
  here: string
  form: string
  signedIn: readonly { handle: string; name: string }[]
}) {
  const { site } = useReader()
  const say = useSay()
  return (
    <Page title={say('invitation.title', { operator: site.name })} lead={say('invitation.lead')}>
      <Form action={here}>
        <Hidden name="form" value={form} />
        {signedIn.length > 0 ? (
          <Choices
            name="handle"
            label={say('invitation.which')}
            chosen={signedIn[0]?.handle}
            choices={[
              ...signedIn.map(({ handle, name }) => ({ value: handle, label: <bdi>{name}</bdi> })),
              { value: 'new', label: say('invitation.newAccount') },
            ]}
          />
        ) : (
          <p>{say('invitation.next')}</p>
        )}
        <Actions>
          <Button>{say('invitation.accept')}</Button>
        </Actions>
      </Form>
    </Page>
  )
}
