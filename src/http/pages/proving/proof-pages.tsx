import type { Child } from 'hono/jsx'
import type { Refusal } from '../../../core/refusal.ts'
import type { requestOptions } from '../../../core/security-info/passkey.ts'
import { CodeField } from '../components/code-field.tsx'
import { errorOf } from '../components/error-summary.tsx'
import { Form } from '../components/form.tsx'
import { Page } from '../components/page.tsx'
import { Passkey } from '../components/passkey.tsx'
import { PasswordField } from '../components/password-field.tsx'
import { useReader, useSay } from '../components/reader.tsx'
import { RecoveryCodeShown } from '../components/recovery-code.tsx'
import { TextField } from '../components/text-field.tsx'
import { Ways, WayToDo } from '../components/ways.tsx'
import { FormPage, Hiddens, NameForPassword, useErrors } from '../frame/form-page.tsx'

/** A page that takes one proof, at a sign-in or before a sensitive act. */
export type ProofStep = {
  here: string
  hidden: Readonly<Record<string, string>>
  refusal: Refusal | undefined
  /** Whom it concerns. */
  account?: string | undefined
  /** Below the field: "Don't ask again in this browser". */
  trust?: Child
  /** Ways on besides choosing something else. */
  ways?: Child
}

/** Choosing something else, and what else there is. */
function WaysOn({ here, hidden, ways }: ProofStep) {
  const say = useSay()
  return (
    <>
      <WayToDo action={here} hidden={{ ...hidden, act: 'other' }}>
        {say('choose.anotherWay')}
      </WayToDo>
      {ways}
    </>
  )
}

/** The password, typed again. */
export function PasswordProofPage({ name, lead, ...step }: ProofStep & { name?: string; lead?: string }) {
  const say = useSay()
  const errors = useErrors(step.refusal, 'password')
  return (
    <FormPage
      title={say('signIn.passwordTitle')}
      lead={lead}
      account={step.account}
      errors={errors}
      action={step.here}
      hidden={{ ...step.hidden, act: 'password' }}
      button={say('stepUp.next')}
      ways={step.ways ?? <WaysOn {...step} />}
    >
      {name !== undefined && <NameForPassword name={name} />}
      <PasswordField
        name="password"
        label={say('signIn.password')}
        autocomplete="current-password"
        error={errorOf(errors, 'password')}
      />
    </FormPage>
  )
}

export function TotpPage(step: ProofStep) {
  const { site } = useReader()
  const say = useSay()
  const errors = useErrors(step.refusal, 'code')
  return (
    <FormPage
      title={say('totp.title')}
      lead={say('totp.lead', { operator: site.name })}
      account={step.account}
      errors={errors}
      action={step.here}
      hidden={{ ...step.hidden, act: 'totp' }}
      button={say('waiting.continue')}
      ways={<WaysOn {...step} />}
    >
      <CodeField
        name="code"
        label={say('waiting.code')}
        hint={say('totp.hint')}
        error={errorOf(errors, 'code')}
      />
      {step.trust}
    </FormPage>
  )
}

export function PasskeyPage({
  options,
  ...step
}: ProofStep & { options: ReturnType<typeof requestOptions> }) {
  const say = useSay()
  const errors = useErrors(step.refusal, 'main')
  return (
    <Page title={say('passkey.title')} lead={say('passkey.lead')} account={step.account} errors={errors}>
      <Form action={step.here}>
        <Hiddens fields={{ ...step.hidden, act: 'passkey' }} />
        {step.trust}
        <Passkey does="get" options={options} label={say('passkey.use')} />
      </Form>
      <Ways>
        <WaysOn {...step} />
      </Ways>
    </Page>
  )
}

export function RecoveryCodePage(step: ProofStep) {
  const say = useSay()
  const errors = useErrors(step.refusal, 'recovery_code')
  return (
    <FormPage
      title={say('recoveryCode.title')}
      lead={say('recoveryCode.lead')}
      account={step.account}
      errors={errors}
      action={step.here}
      hidden={{ ...step.hidden, act: 'recovery_code' }}
      button={say('waiting.continue')}
      ways={<WaysOn {...step} />}
    >
      <TextField
        name="recovery_code"
        label={say('recoveryCode.label')}
        hint={say('recoveryCode.hint')}
        ltr
        maxlength={60}
        error={errorOf(errors, 'recovery_code')}
      />
    </FormPage>
  )
}

/** The recovery code that took the place of the one that was used; nothing goes on before its owner has kept it. */
export function NextRecoveryCodePage({ code, name, ...step }: ProofStep & { code: string; name: string }) {
  const say = useSay()
  return (
    <FormPage
      title={say('recoveryCode.newTitle')}
      lead={say('recoveryCode.usedLead')}
      account={step.account}
      action={step.here}
      hidden={{ ...step.hidden, act: 'saved' }}
      button={say('recoveryCode.kept')}
    >
      <RecoveryCodeShown code={code} name={name} />
    </FormPage>
  )
}
