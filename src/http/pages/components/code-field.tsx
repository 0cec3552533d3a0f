import { asTyped, describedBy, Field, type FieldProps } from './field.tsx'

/**
 * One field for the whole code: it takes a paste with spaces, a phone can fill it in, and nothing is sent before the
 * reader presses the button. Six boxes would break all three (WCAG 2.2, Understanding 3.3.8).
 */
export const CodeField = (field: FieldProps) => (
  <Field {...field}>
    <input
      class="digits"
      id={field.name}
      name={field.name}
      type="text"
      inputmode="numeric"
      autocomplete="one-time-code"
      {...asTyped}
      dir="ltr"
      maxlength={24}
      {...describedBy(field)}
    />
  </Field>
)
