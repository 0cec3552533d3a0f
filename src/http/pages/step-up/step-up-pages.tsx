import type { ItemChoice } from '../../../core/proving/proving.ts'
import type { Refusal } from '../../../core/refusal.ts'
import type { SentenceKey } from '../../../locales/catalogue.ts'
import { Choices } from '../components/choices.tsx'
import { errorOf } from '../components/error-summary.tsx'
import { Page } from '../components/page.tsx'
import { useSay } from '../components/reader.tsx'
import { Way, Ways } from '../components/ways.tsx'
import { FormPage, useErrors } from '../frame/form-page.tsx'
import { itemChoice } from '../proving/item-choice.tsx'

type Props = {
  action: string
  hidden: Readonly<Record<string, string>>
  refusal?: Refusal | undefined
  name: string
  /** What is about to be done. */
  before: SentenceKey
  /** Where to go without proving anything. */
  back: string
}

/** What to prove it with: a person's own items, and the password where that is enough. */
export function StepUpPage({
  items,
  password,
  chosen,
  ...props
}: Props & { items: readonly ItemChoice[]; password: boolean; chosen?: string | undefined }) {
  const say = useSay()
  const errors = useErrors(props.refusal, 'item')
  const choices = [
    ...items.map((item) => itemChoice(item, say)),
    ...(password ? [{ value: 'password', label: say('stepUp.password') }] : []),
  ]
  if (choices.length === 0) return <NothingToProvePage {...props} />
  return (
    <FormPage
      title={say('stepUp.title')}
      lead={`${say(props.before)} ${say('stepUp.lead')}`}
      account={props.name}
      errors={errors}
      action={props.action}
      hidden={props.hidden}
      button={say('stepUp.next')}
      ways={<Way href={props.back}>{say('stepUp.back')}</Way>}
    >
      <Choices
        name="item"
        label={say('stepUp.label')}
        error={errorOf(errors, 'item')}
        chosen={props.refusal === undefined || chosen === undefined ? choices[0]?.value : chosen}
        choices={choices}
      />
    </FormPage>
  )
}

function NothingToProvePage({ name, before, back }: Props) {
  const say = useSay()
  return (
    <Page title={say('stepUp.noneTitle')} lead={`${say(before)} ${say('stepUp.none')}`} account={name}>
      <Ways>
        <Way href={back}>{say('stepUp.back')}</Way>
      </Ways>
    </Page>
  )
}
