import type { Child, PropsWithChildren } from 'hono/jsx'

/** A list of things that can be opened. */
export const Rows = ({ label, children }: PropsWithChildren<{ label: string }>) => (
  <ul class="rows" aria-label={label}>
    {children}
  </ul>
)

type RowProps = {
  href: string
  title: Child
  aside?: Child
  below?: Child
  /** Whether what stands below is worth more lines than one. */
  wraps?: boolean
  current?: boolean
}

/** One of them: its name, on the other side when, and a line on what it is. */
export const Row = ({ href, title, aside, below, wraps = false, current = false }: RowProps) => (
  <li>
    <a class={wraps ? 'wraps' : undefined} href={href} aria-current={current ? 'true' : undefined}>
      <span class="row apart">
        <b dir="auto">{title}</b>
        {aside !== undefined && <span class="quiet small">{aside}</span>}
      </span>
      {below !== undefined && (
        <span class={wraps ? 'quiet small' : 'one-line quiet small'} dir={wraps ? undefined : 'auto'}>
          {below}
        </span>
      )}
    </a>
  </li>
)

/** A row that leads nowhere; `children` is what can be done about it. */
export const StillRow = ({ title, below, children }: PropsWithChildren<{ title: Child; below: Child }>) => (
  <li>
    <div class="still">
      <b>{title}</b>
      <span class="quiet small">{below}</span>
      {children}
    </div>
  </li>
)

type ButtonRowProps = {
  href: string
  title: Child
  action: string
  hidden: Readonly<Record<string, string>>
  button: string
  /** What the button does, with what it does it to: for whoever hears it without seeing the row. */
  about: string
}

/** A row that can be opened, and beside it a button that does something with it. */
export const RowWithButton = ({ href, title, action, hidden, button, about }: ButtonRowProps) => (
  <li class="row">
    <a class="wraps" href={href}>
      <b dir="auto">{title}</b>
    </a>
    <form method="post" action={action}>
      {Object.entries(hidden).map(([name, value]) => (
        <input type="hidden" name={name} value={value} />
      ))}
      <button type="submit" class="bare small-button" aria-label={about}>
        {button}
      </button>
    </form>
  </li>
)
