import { Icon } from './icon.tsx'
import { useSay } from './reader.tsx'

/** What is wrong with a form: each with the id of its field, or with none where it concerns the whole. */
export type FieldErrors = readonly { field?: string | undefined; message: string }[]

/** What is wrong with one field; undefined where nothing is. */
export const errorOf = (errors: FieldErrors | undefined, field: string): string | undefined =>
  errors?.find((error) => error.field === field)?.message

/** First on the page, so that who hears it learns at once that the form is back. `Page` shows it. */
export function ErrorSummary({ errors }: { errors: FieldErrors }) {
  const say = useSay()
  if (errors.length === 0) return null
  return (
    <div class="notice bad errors" role="alert" tabindex={-1} aria-labelledby="errors-title">
      <Icon name="bad" />
      <div>
        <h2 id="errors-title">{say('page.errorSummary')}</h2>
        {errors.map(({ field, message }) => (
          <p>{field === undefined ? message : <a href={`#${field}`}>{message}</a>}</p>
        ))}
      </div>
    </div>
  )
}
