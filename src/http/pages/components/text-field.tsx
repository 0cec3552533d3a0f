import { asTyped, describedBy, Field, type FieldProps } from './field.tsx'

type Props = FieldProps & {
  type?: 'text' | 'email' | 'tel'
  /** What was typed before, where the form is shown again. */
  value?: string | undefined
  autocomplete?: string
  inputmode?: 'text' | 'email' | 'tel' | 'numeric'
  /** Addresses, numbers and references are read from left to right in every language. */
  ltr?: boolean
  maxlength?: number
}

export function TextField({
  type = 'text',
  value,
  autocomplete,
  inputmode,
  ltr = type !== 'text',
  maxlength = 320,
  ...field
}: Props) {
  return (
    <Field {...field}>
      <input
        id={field.name}
        name={field.name}
        type={type}
        value={value}
        autocomplete={autocomplete ?? 'off'}
        inputmode={inputmode}
        {...(ltr ? asTyped : {})}
        dir={ltr ? 'ltr' : 'auto'}
        maxlength={maxlength}
        {...describedBy(field)}
      />
    </Field>
  )
}

type AreaProps = FieldProps & { value?: string | undefined; rows?: number; maxlength?: number }

/** For what is pasted: several lines, left to right. */
export const TextArea = ({ value, rows = 6, maxlength = 8000, ...field }: AreaProps) => (
  <Field {...field}>
    <textarea
      id={field.name}
      name={field.name}
      rows={rows}
      maxlength={maxlength}
      dir="ltr"
      {...asTyped}
      {...describedBy(field)}
    >
      {value}
    </textarea>
  </Field>
)
