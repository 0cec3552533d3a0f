import type { Child } from 'hono/jsx'
import { describedBy, FieldNotes, type FieldProps } from './field.tsx'

export type Choice = { value: string; label: Child; hint?: Child }

type Props = FieldProps & { choices: readonly Choice[]; chosen?: string | undefined }

/** One of several, each a card that can be pressed anywhere. The group's id is that of its first choice. */
export const Choices = ({ choices, chosen, name, label, hint, error }: Props) => (
  <fieldset class="field" {...describedBy({ name, hint, error })}>
    <legend>{label}</legend>
    <FieldNotes name={name} hint={hint} error={error} />
    <div class="choices">
      {choices.map((choice, index) => (
        <label class="choice">
          <input
            type="radio"
            id={index === 0 ? name : `${name}-${choice.value}`}
            name={name}
            value={choice.value}
            checked={choice.value === chosen}
          />
          <b>{choice.label}</b> {choice.hint !== undefined && <span class="hint">{choice.hint}</span>}
        </label>
      ))}
    </div>
  </fieldset>
)
