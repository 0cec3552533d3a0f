import type { Child, PropsWithChildren } from 'hono/jsx'
import type { Refusal } from '../../../core/refusal.ts'
import type { FieldErrors } from '../components/error-summary.tsx'
import { Actions, Button, Form, Hidden } from '../components/form.tsx'
import { Page } from '../components/page.tsx'
import { useReader } from '../components/reader.tsx'
import { refusalWords } from '../components/refusal-words.ts'
import { Ways } from '../components/ways.tsx'

type HiddenFields = Readonly<Record<string, string | undefined>>

type Props = PropsWithChildren<{
  title: string
  lead?: Child
  account?: string | undefined
  errors?: FieldErrors
  /** Above the form: something that may be wanted instead of it. */
  notice?: Child
  action: string
  hidden: HiddenFields
  /** What the one main button says. */
  button: string
  /** Below the main button, within the form: another way of sending it. */
  beside?: Child
  ways?: Child
}>

/** A page that asks one thing: its fields in a card, one main button, and the ways on below. */
export const FormPage = ({
  title,
  lead,
  account,
  errors,
  notice,
  action,
  hidden,
  button,
  beside,
  ways,
  children,
}: Props) => (
  <Page title={title} lead={lead} account={account} errors={errors}>
    {notice}
    <Form action={action}>
      <Hiddens fields={hidden} />
      {children}
      <Actions>
        <Button>{button}</Button>
      </Actions>
      {beside}
    </Form>
    {ways !== undefined && <Ways>{ways}</Ways>}
  </Page>
)

export const Hiddens = ({ fields }: { fields: HiddenFields }) => (
  <>
    {Object.entries(fields).map(
      ([name, value]) => value !== undefined && <Hidden name={name} value={value} />,
    )}
  </>
)

/** Which name a password belongs to, for the program that keeps it. */
export const NameForPassword = ({ name }: { name: string }) => (
  <input type="text" name="username" value={name} autocomplete="username" readonly hidden />
)

/** Why a form was declined, at the field that it is about. */
export function useErrors(refusal: Refusal | undefined, field: string): FieldErrors {
  const reader = useReader()
  return refusal === undefined ? [] : [{ field, message: refusalWords(reader, refusal).detail }]
}
