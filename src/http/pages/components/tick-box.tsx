import type { Child } from 'hono/jsx'

/** Something to agree to, or not. */
export const TickBox = ({
  name,
  label,
  hint,
  ticked = false,
}: {
  name: string
  label: Child
  hint?: Child
  ticked?: boolean
}) => (
  <div class="field">
    <label class="choice" for={name}>
      <input type="checkbox" id={name} name={name} value="yes" checked={ticked} />
      <b>{label}</b> {hint !== undefined && <span class="hint">{hint}</span>}
    </label>
  </div>
)
