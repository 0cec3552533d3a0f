import { asTyped, describedBy, Field, type FieldProps } from './field.tsx'
import { useSay } from './reader.tsx'

type StrengthProps = { of: string; least: number }

/** Says in a word how strong a new password is, while it is typed; by script. */
export function Strength({ of, least }: StrengthProps) {
  const say = useSay()
  return (
    <p
      class="hint"
      role="status"
      data-strength-of={of}
      data-least={least}
      data-short={say('newPassword.short', { left: '{left}' })}
      data-fair={say('newPassword.fair')}
      data-good={say('newPassword.good')}
      data-strong={say('newPassword.strong')}
    />
  )
}

type Props = FieldProps & { autocomplete: 'current-password' | 'new-password' }

/** What was typed is never sent back into the page. The button that shows it works by script, and is hidden without one. */
export function PasswordField({ autocomplete, ...field }: Props) {
  const say = useSay()
  return (
    <Field {...field}>
      <div class="reveals">
        <input
          id={field.name}
          name={field.name}
          type="password"
          autocomplete={autocomplete}
          {...asTyped}
          dir="ltr"
          maxlength={1024}
          {...describedBy(field)}
        />
        <button
          type="button"
          class="bare small-button"
          data-reveals={field.name}
          data-show={say('page.show')}
          data-hide={say('page.hide')}
          aria-label={say('page.showPassword')}
          aria-pressed="false"
          hidden
        >
          {say('page.show')}
        </button>
      </div>
    </Field>
  )
}
