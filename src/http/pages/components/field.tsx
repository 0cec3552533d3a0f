import type { Child, PropsWithChildren } from 'hono/jsx'
import { Icon } from './icon.tsx'

/** What every field has. `name` is also its id, which is what an error summary links to. */
export type FieldProps = {
  name: string
  label: string
  hint?: Child
  /** What was wrong with what was typed; say it as what to do. */
  error?: string | undefined
}

/** Label, hint, error and control, in the order they are read. */
export const Field = ({ name, label, hint, error, children }: PropsWithChildren<FieldProps>) => (
  <div class="field">
    <label for={name}>{label}</label>
    <FieldNotes name={name} hint={hint} error={error} />
    {children}
  </div>
)

export const FieldNotes = ({ name, hint, error }: Omit<FieldProps, 'label'>) => (
  <>
    {hint !== undefined && (
      <p class="hint" id={`${name}-hint`}>
        {hint}
      </p>
    )}
    {error !== undefined && (
      <p class="wrong" id={`${name}-error`}>
        <Icon name="bad" />
        <span>{error}</span>
      </p>
    )}
  </>
)

/** The attributes that tie a control to its hint and its error. */
export function describedBy({ name, hint, error }: Omit<FieldProps, 'label'>) {
  const ids = [hint !== undefined && `${name}-hint`, error !== undefined && `${name}-error`].filter(Boolean)
  return {
    'aria-describedby': ids.length > 0 ? ids.join(' ') : undefined,
    'aria-invalid': error === undefined ? undefined : ('true' as const),
  }
}

/** Addresses, codes and passwords are taken as they are typed: no capital first letter, no correction. */
export const asTyped: Readonly<Record<string, string>> = { autocapitalize: 'none', spellcheck: 'false' }
