import { hintOfStored } from '../../../../core/address.ts'
import type { Refusal } from '../../../../core/refusal.ts'
import type { LossVerdict } from '../../../../core/security-info/loss.ts'
import type { Missing } from '../../../../core/security-info/removal.ts'
import { type Item, isContact } from '../../../../core/security-info/security-info.ts'
import type { Instant } from '../../../../core/time.ts'
import type { ShownItem } from '../../../../operations/security-info/read-security.ts'
import { errorOf } from '../../components/error-summary.tsx'
import { type Fact, Facts } from '../../components/facts.tsx'
import { Actions, ButtonLink } from '../../components/form.tsx'
import { Moment } from '../../components/moment.tsx'
import { Notice } from '../../components/notice.tsx'
import { Page } from '../../components/page.tsx'
import { TextField } from '../../components/text-field.tsx'
import { TickBox } from '../../components/tick-box.tsx'
import { Way, Ways } from '../../components/ways.tsx'
import { FormPage, useErrors } from '../../form-page.tsx'
import { useSay } from '../../reader.tsx'
import { thatComesBack } from './come-back.ts'

type Of = { handle: string; name: string }

/** What an item is called: as much of its address as anybody at this browser may see, or what its owner calls it. */
export function ItemTitle({ item }: { item: Item }) {
  const say = useSay()
  if (isContact(item)) return <bdi dir="ltr">{hintOfStored(item.address)}</bdi>
  return 'name' in item ? <bdi>{item.name}</bdi> : <span>{say('security.kind.recovery_code')}</span>
}

/** One item: what is known of it, and what can be done with it. */
export function ItemPage({ item, handle, name }: Of & { item: ShownItem }) {
  const say = useSay()
  const here = `/account/${handle}/security/items/${item.id}`
  const never = say('security.never')
  const moment = (at: Instant | undefined) => (at === undefined ? never : <Moment at={at} shape="moment" />)
  const facts: Fact[] = [
    { name: say('security.factKind'), value: say(`security.kind.${item.kind}`) },
    { name: say('security.factAdded'), value: moment(item.addedAt) },
    { name: say('security.factProved'), value: moment(item.provenAt) },
    { name: say('security.factUsed'), value: moment(item.lastUsedAt) },
  ]
  return (
    <Page
      title={titleOf(item, say('security.kind.recovery_code'))}
      heading={<ItemTitle item={item} />}
      account={name}
    >
      {item.probationUntil !== undefined && (
        <Notice tone="info" title={say('security.newTitle')}>
          <p>
            {say('security.newLead')} <Moment at={item.probationUntil} shape="moment" />
          </p>
        </Notice>
      )}
      <Facts facts={facts} />
      <Ways>
        {isContact(item) && <Way href={`${here}/confirm`}>{say('security.confirm')}</Way>}
        {'name' in item && <Way href={`${here}/name`}>{say('rename.title')}</Way>}
        <Way href={`${here}/remove`}>{say('security.remove')}</Way>
        <Way href={`/account/${handle}/security`}>{say('security.back')}</Way>
      </Ways>
    </Page>
  )
}

const titleOf = (item: ShownItem, otherwise: string): string =>
  isContact(item) ? hintOfStored(item.address) : 'name' in item ? item.name : otherwise

type FormOf = Of & { form: string; refusal?: Refusal | undefined }

/** A new contact: an address or a number, which is proved by a code. */
export function AddContactPage({
  handle,
  name,
  form,
  refusal,
  typed,
  returnTo,
  phones,
}: FormOf & { typed?: string | undefined; returnTo: string | undefined; phones: boolean }) {
  const say = useSay()
  const errors = useErrors(refusal, 'contact')
  return (
    <FormPage
      title={say('security.addTitle')}
      lead={say(returnTo?.endsWith('/remove') ? 'security.addFirst' : 'security.addLead')}
      account={name}
      errors={errors}
      action={thatComesBack(`/account/${handle}/security/add`, returnTo)}
      hidden={{ form }}
      button={say('choose.send')}
      ways={
        <Way href={returnTo ?? `/account/${handle}/security`}>
          {say(returnTo === undefined ? 'security.back' : 'page.back')}
        </Way>
      }
    >
      <TextField
        name="contact"
        label={say(phones ? 'security.contact' : 'security.contactEmail')}
        hint={say(phones ? 'security.contactHint' : 'security.contactEmailHint')}
        value={typed}
        autocomplete="email"
        error={errorOf(errors, 'contact')}
        ltr
      />
    </FormPage>
  )
}

export function ConfirmContactPage({ handle, name, form, refusal, item }: FormOf & { item: ShownItem }) {
  const say = useSay()
  const errors = useErrors(refusal, 'form')
  return (
    <FormPage
      title={say('security.confirmTitle')}
      lead={<ItemTitle item={item} />}
      account={name}
      errors={errors}
      action={`/account/${handle}/security/items/${item.id}/confirm`}
      hidden={{ form }}
      button={say('choose.send')}
      ways={<Way href={`/account/${handle}/security/items/${item.id}`}>{say('security.keep')}</Way>}
    >
      <p>{say('security.confirmLead')}</p>
    </FormPage>
  )
}

/** Removing, where something else remains; else the way to what has to be added first, which comes back here. */
export function RemoveItemPage({
  item,
  isName,
  loss,
  settled,
  ...props
}: FormOf & {
  item: ShownItem
  isName: boolean
  loss: LossVerdict
  /** Whether what is added from now on counts only after a week. */
  settled: boolean
}) {
  const { handle, name, form, refusal } = props
  const say = useSay()
  const errors = useErrors(refusal, 'form')
  const here = `/account/${handle}/security/items/${item.id}/remove`
  const { missing, removableFrom } = item
  if (missing !== undefined) {
    return removableFrom === undefined ? (
      <AddBeforePage {...{ item, handle, name, here, missing, settled }} />
    ) : (
      <RemoveLaterPage {...{ item, handle, name, from: removableFrom }} />
    )
  }
  return (
    <FormPage
      title={say('security.removeTitle')}
      lead={<ItemTitle item={item} />}
      account={name}
      errors={errors}
      action={here}
      hidden={{ form }}
      button={say('security.removeDo')}
      ways={<Way href={`/account/${handle}/security/items/${item.id}`}>{say('security.keep')}</Way>}
    >
      <p>{say(isContact(item) ? 'security.removeContact' : 'security.removeLead')}</p>
      {isName && <p>{say('security.removeName')}</p>}
      <Lost
        loss={loss}
        prove={`/account/${handle}/stepup?for=remove_item&return_to=${encodeURIComponent(here)}`}
      />
    </FormPage>
  )
}

/** "It was lost or stolen", or what it takes to say so. */
function Lost({ loss, prove }: { loss: LossVerdict; prove: string }) {
  const say = useSay()
  if (loss === 'lost') {
    return <TickBox name="lost" label={say('security.lost')} hint={say('security.lostHint')} />
  }
  if (loss === 'too_new') return <p class="hint">{say('security.lostTooNew')}</p>
  return (
    <p class="hint">
      {say('security.lostTwo')} <a href={prove}>{say('security.lostProve')}</a>
    </p>
  )
}

/** Adding one of those that would do, which comes back to the removal. */
function AddBeforePage({
  item,
  missing,
  settled,
  handle,
  name,
  here,
}: Of & { item: ShownItem; missing: Missing; settled: boolean; here: string }) {
  const say = useSay()
  const back = `/account/${handle}/security`
  const add = { href: thatComesBack(`${back}/add`, here), words: say('security.add') }
  const app = { href: thatComesBack(`${back}/totp`, here), words: say('setUp.totpTitle') }
  const main = missing === 'contact' ? add : app
  return (
    <Page title={say('security.addBeforeTitle')} lead={<ItemTitle item={item} />} account={name}>
      <div class="card">
        <p>{say(`security.missing.${missing}`)}</p>
        {settled && <p>{say('security.missingAge')}</p>}
        <Actions>
          <ButtonLink href={main.href}>{main.words}</ButtonLink>
        </Actions>
      </div>
      <Ways>
        {missing === 'second_kind' && (
          <>
            <Way href={thatComesBack(`${back}/passkey`, here)}>{say('setUp.passkeyTitle')}</Way>
            <Way href={add.href}>{add.words}</Way>
          </>
        )}
        <Way href={back}>{say('security.back')}</Way>
      </Ways>
    </Page>
  )
}

/** What takes its place is there, and only has to get older. */
function RemoveLaterPage({ item, handle, name, from }: Of & { item: ShownItem; from: Instant }) {
  const say = useSay()
  return (
    <Page title={say('security.laterTitle')} lead={<ItemTitle item={item} />} account={name}>
      <Notice tone="info">
        <p>
          {say('security.laterFrom')}{' '}
          <b>
            <Moment at={from} shape="moment" />
          </b>
        </p>
        <p>{say('security.later')}</p>
      </Notice>
      <Actions>
        <ButtonLink href={`/account/${handle}/security`}>{say('security.back')}</ButtonLink>
      </Actions>
    </Page>
  )
}
