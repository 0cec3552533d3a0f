import type { Refusal } from '../../../core/refusal.ts'
import type { PasskeyOffer } from '../../../operations/security-info/set-up-passkey.ts'
import type { TotpOffer } from '../../../operations/security-info/set-up-totp.ts'
import { CodeField } from '../components/code-field.tsx'
import { Copy } from '../components/copy.tsx'
import { errorOf } from '../components/error-summary.tsx'
import { ButtonLink, Form } from '../components/form.tsx'
import { Notice } from '../components/notice.tsx'
import { Page } from '../components/page.tsx'
import { Passkey } from '../components/passkey.tsx'
import { Qr } from '../components/qr.tsx'
import { useSay } from '../components/reader.tsx'
import { RecoveryCodeShown } from '../components/recovery-code.tsx'
import { TextField } from '../components/text-field.tsx'
import { Way, Ways } from '../components/ways.tsx'
import { FormPage, Hiddens, useErrors } from '../frame/form-page.tsx'

type Props = {
  here: string
  /** The page that leads here. */
  back: string
  account: string
  form: string
  refusal?: Refusal | undefined
}

/** What its owner calls an app or a passkey. */
const NameField = ({ value }: { value: string }) => {
  const say = useSay()
  return (
    <TextField
      name="name"
      label={say('setUp.nameLabel')}
      hint={say('setUp.nameHint')}
      value={value}
      maxlength={40}
    />
  )
}

/** The seed as a QR code and as a key to type; the app counts once it has shown a right code. */
export function SetUpTotpPage({ offer, name, ...props }: Props & { offer: TotpOffer; name: string }) {
  const say = useSay()
  const errors = useErrors(props.refusal, 'code')
  const key = offer.seed.match(/.{1,4}/g)?.join(' ') ?? ''
  return (
    <FormPage
      title={say('setUp.totpTitle')}
      lead={say('setUp.totpLead')}
      account={props.account}
      errors={errors}
      action={props.here}
      hidden={{ form: props.form, sealed: offer.sealed }}
      button={say('setUp.finish')}
      ways={<Way href={props.back}>{say('setUp.later')}</Way>}
    >
      <Qr text={offer.address} label={say('setUp.qrLabel')} />
      <p class="small">
        <a href={offer.address}>{say('setUp.openApp')}</a>
      </p>
      <details class="field">
        <summary>{say('setUp.key')}</summary>
        <bdo dir="ltr" class="digits-shown long">
          {key}
        </bdo>
        <Copy text={offer.seed} label={say('setUp.copyKey')} />
      </details>
      <NameField value={name} />
      <CodeField
        name="code"
        label={say('setUp.code')}
        hint={say('totp.hint')}
        error={errorOf(errors, 'code')}
      />
    </FormPage>
  )
}

export function SetUpPasskeyPage({ offer, name, ...props }: Props & { offer: PasskeyOffer; name: string }) {
  const say = useSay()
  const errors = useErrors(props.refusal, 'name')
  return (
    <Page
      title={say('setUp.passkeyTitle')}
      lead={say('setUp.passkeyLead')}
      account={props.account}
      errors={errors}
    >
      <Form action={props.here}>
        <Hiddens fields={{ form: props.form, offer: offer.offer }} />
        <NameField value={name} />
        <Passkey does="create" options={offer.options} label={say('setUp.passkeyMake')} />
      </Form>
      <Ways>
        <Way href={props.back}>{say('setUp.later')}</Way>
      </Ways>
    </Page>
  )
}

export function MakeRecoveryCodePage({
  make,
  replaces,
  ...props
}: Props & { make: string; replaces: boolean }) {
  const say = useSay()
  return (
    <FormPage
      title={say('setUp.recoveryTitle')}
      lead={say('setUp.recoveryLead')}
      account={props.account}
      errors={useErrors(props.refusal, 'main')}
      action={props.here}
      hidden={{ form: props.form, make }}
      button={say('setUp.recoveryMake')}
      ways={<Way href={props.back}>{say('setUp.later')}</Way>}
    >
      {replaces && (
        <Notice tone="warning">
          <p>{say('setUp.recoveryReplaces')}</p>
        </Notice>
      )}
    </FormPage>
  )
}

/** The code, the only time that it is shown. */
export function MadeRecoveryCodePage({
  code,
  account,
  back,
  done,
}: Pick<Props, 'account' | 'back'> & { code: string; done?: string }) {
  const say = useSay()
  return (
    <Page title={say('recoveryCode.newTitle')} lead={say('recoveryCode.newLead')} account={account}>
      {done !== undefined && (
        <Notice tone="good">
          <p>{done}</p>
        </Notice>
      )}
      <div class="card">
        <RecoveryCodeShown code={code} name={account} />
        <p class="row">
          <ButtonLink href={back}>{say('recoveryCode.kept')}</ButtonLink>
        </p>
      </div>
    </Page>
  )
}

export function RenameItemPage({ name, ...props }: Props & { name: string }) {
  const say = useSay()
  return (
    <FormPage
      title={say('rename.title')}
      account={props.account}
      action={props.here}
      hidden={{ form: props.form }}
      button={say('rename.save')}
      ways={<Way href={props.back}>{say('setUp.later')}</Way>}
    >
      <NameField value={name} />
    </FormPage>
  )
}
