import { useSay } from '../reader.tsx'
import { asTyped, describedBy, Field, type FieldProps } from './field.tsx'

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
