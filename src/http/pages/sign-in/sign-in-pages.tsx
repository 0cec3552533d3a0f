import type { Child, PropsWithChildren } from 'hono/jsx'
import type { ItemChoice } from '../../../core/proving/proving.ts'
import type { Refusal } from '../../../core/refusal.ts'
import { shortestAlone } from '../../../core/sign-in/password.ts'
import type { PasskeyRequest } from '../../../operations/sign-in/passkey-sign-in.ts'
import { Choices } from '../components/choices.tsx'
import { errorOf, type FieldErrors } from '../components/error-summary.tsx'
import { FormNote } from '../components/form.tsx'
import { Notice } from '../components/notice.tsx'
import { Passkey } from '../components/passkey.tsx'
import { PasswordField, Strength } from '../components/password-field.tsx'
import { useReader, useSay } from '../components/reader.tsx'
import { TextField } from '../components/text-field.tsx'
import { TickBox } from '../components/tick-box.tsx'
import { Way, WayToDo } from '../components/ways.tsx'
import { FormPage, NameForPassword, useErrors } from '../frame/form-page.tsx'
import { itemChoice } from '../proving/item-choice.tsx'

type Begun = {
  form: string
  returnTo: string | undefined
  typed?: string | undefined
  refusal?: Refusal | undefined
}

/** A sign-in or sign-up that was left unfinished: where it goes on, and for whom. */
export type Pending = { href: string; as: string }

/** The first page of a sign-in: the name, and whether to stay signed in. */
export function SignInPage(props: Begun & { pending: readonly Pending[]; passkey: PasskeyRequest }) {
  const { form, returnTo, typed, refusal, pending, passkey } = props
  const { site } = useReader()
  const say = useSay()
  const errors = useErrors(refusal, 'username')
  const signUp = returnTo === undefined ? '/signup' : `/signup?return_to=${encodeURIComponent(returnTo)}`
  return (
    <FormPage
      title={say('signIn.title', { operator: site.name })}
      errors={errors}
      notice={pending.length > 0 && <PendingNotice pending={pending} />}
      action="/signin"
      hidden={{ form, return_to: returnTo, offer: passkey.offer }}
      button={say('signIn.next')}
      beside={
        <Passkey
          does="get"
          options={passkey.options}
          label={say('signIn.passkey')}
          fresh="/signin"
          action="/signin/passkey"
          // A passkey that was just declined would be offered, and declined, again.
          autofill={refusal === undefined}
          look="second"
        />
      }
      ways={<Way href={signUp}>{say('signIn.noAccount')}</Way>}
    >
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
    </FormPage>
  )
}

function PendingNotice({ pending }: { pending: readonly Pending[] }) {
  const say = useSay()
  return (
    <Notice tone="info" title={say('signIn.pending')}>
      {pending.map(({ href, as }) => (
        <p>
          <a href={href}>{say('signIn.pendingGo', { as })}</a>
        </p>
      ))}
    </Notice>
  )
}

type StepProps = { here: string; hidden: Readonly<Record<string, string>>; refusal: Refusal | undefined }
type SignInStepProps = StepProps & { username: string }

/** What every later page of a sign-in has: as whom, and the way back to another name. */
function SignInStep(
  props: PropsWithChildren<{
    step: SignInStepProps
    act: 'password' | 'choose' | 'confirm'
    errors: FieldErrors
    title: string
    lead?: string
    button: string
    /** A way on that comes before the others. */
    before?: Child
  }>,
) {
  const { step, act, errors, title, lead, button, before, children } = props
  const say = useSay()
  return (
    <FormPage
      title={title}
      lead={lead}
      account={say('signIn.as', { username: step.username })}
      errors={errors}
      action={step.here}
      hidden={{ ...step.hidden, act }}
      button={button}
      ways={
        <>
          {before}
          <Way href="/signin">{say('signIn.otherName')}</Way>
        </>
      }
    >
      {children}
    </FormPage>
  )
}

export function PasswordPage(step: SignInStepProps) {
  const say = useSay()
  const errors = useErrors(step.refusal, 'password')
  const words = { title: say('signIn.passwordTitle'), button: say('signIn.next') }
  return (
    <SignInStep step={step} act="password" errors={errors} {...words}>
      <NameForPassword name={step.username} />
      <PasswordField
        name="password"
        label={say('signIn.password')}
        autocomplete="current-password"
        error={errorOf(errors, 'password')}
      />
    </SignInStep>
  )
}

type ChooseProps = SignInStepProps & {
  /** Whether a code is on its way already, to somewhere else. */
  sent: boolean
  items: readonly ItemChoice[]
  guarded: boolean
  twoStep: boolean
  chosen: string | undefined
}

export function ChoosePage({ items, guarded, twoStep, chosen, sent, ...step }: ChooseProps) {
  const say = useSay()
  const errors = useErrors(step.refusal, 'item')
  const onlyCodes = items.every(({ kind }) => kind === 'email' || kind === 'phone')
  const lead = guarded ? 'guarded' : twoStep ? 'twoStep' : onlyCodes ? 'newBrowser' : 'newBrowserProof'
  const words = {
    title: say(onlyCodes ? 'choose.title' : 'choose.proofTitle'),
    lead: say(`choose.${lead}`),
    button: say(guarded || !onlyCodes ? 'signIn.next' : 'choose.send'),
    before: sent && (
      <WayToDo action={step.here} hidden={{ ...step.hidden, act: 'back' }}>
        {say('choose.back')}
      </WayToDo>
    ),
  }
  return (
    <SignInStep step={step} act="choose" errors={errors} {...words}>
      <Choices
        name="item"
        label={say(onlyCodes ? 'choose.label' : 'choose.proofLabel')}
        hint={say('choose.notYours')}
        error={errorOf(errors, 'item')}
        chosen={chosen ?? items.find(({ closed }) => !closed)?.id}
        choices={items.map((item) => itemChoice(item, say))}
      />
    </SignInStep>
  )
}

export function ConfirmPage({ hint, ...step }: SignInStepProps & { hint: string }) {
  const say = useSay()
  const errors = useErrors(step.refusal, 'address')
  const words = { title: say('confirm.title'), lead: say('confirm.lead'), button: say('choose.send') }
  return (
    <SignInStep step={step} act="confirm" errors={errors} {...words}>
      <TextField
        name="address"
        label={say('confirm.label', { hint: `\u2068${hint}\u2069` })}
        hint={say('confirm.hint')}
        ltr
        error={errorOf(errors, 'address')}
      />
    </SignInStep>
  )
}

export function SignUpPage({
  form,
  flow,
  returnTo,
  typed,
  refusal,
  invited,
}: Begun & { flow: string; invited: boolean }) {
  const { site } = useReader()
  const say = useSay()
  const errors = useErrors(refusal, 'email')
  return (
    <FormPage
      title={say('signUp.title', { operator: site.name })}
      lead={say(invited ? 'signUp.invited' : 'signUp.lead')}
      errors={errors}
      action="/signup"
      hidden={{ form, flow, return_to: returnTo }}
      button={say('choose.send')}
      ways={<Way href="/signin">{say('signUp.haveAccount')}</Way>}
    >
      <TextField
        name="email"
        label={say('signUp.email')}
        hint={say('signUp.emailHint')}
        type="email"
        value={typed}
        autocomplete="email"
        error={errorOf(errors, 'email')}
      />
    </FormPage>
  )
}

export function NewPasswordPage({ here, hidden, refusal, email }: StepProps & { email: string }) {
  const say = useSay()
  const errors = useErrors(refusal, 'password')
  return (
    <FormPage
      title={say('newPassword.title')}
      lead={say('newPassword.lead')}
      account={say('signUp.as', { email })}
      errors={errors}
      action={here}
      hidden={{ ...hidden, act: 'password' }}
      button={say('newPassword.done')}
    >
      <NameForPassword name={email} />
      <PasswordField
        name="password"
        label={say('newPassword.label')}
        hint={say('newPassword.hint', { least: shortestAlone })}
        autocomplete="new-password"
        error={errorOf(errors, 'password')}
      />
      <Strength of="password" least={shortestAlone} />
      <FormNote>{say('newPassword.advice')}</FormNote>
    </FormPage>
  )
}

/** An invitation to be the first administrator: a button, since opening a link must never act. */
export function InvitationPage(props: {
  here: string
  form: string
  signedIn: readonly { handle: string; name: string }[]
}) {
  const { here, form, signedIn } = props
  const { site } = useReader()
  const say = useSay()
  return (
    <FormPage
      title={say('invitation.title', { operator: site.name })}
      lead={say('invitation.lead')}
      action={here}
      hidden={{ form }}
      button={say('invitation.accept')}
    >
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
    </FormPage>
  )
}
