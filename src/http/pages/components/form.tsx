import type { Child, PropsWithChildren } from 'hono/jsx'

/**
 * A form in its card. The browser's own checks are off: ours speak the reader's language, say more, and are the same
 * without a script.
 */
export const Form = ({ action, children }: PropsWithChildren<{ action?: string | undefined }>) => (
  <form class="card" method="post" action={action} novalidate>
    {children}
  </form>
)

/** The one main button, with what belongs beside it: until when, how many tries. */
export const Actions = ({ children }: PropsWithChildren) => <div class="row">{children}</div>

type ButtonProps = PropsWithChildren<{
  look?: 'main' | 'second' | 'bare' | 'grave' | 'second small-button'
  name?: string
  value?: string
}>

/** `grave` is for what can't be taken back. */
export const Button = ({ look = 'main', name, value, children }: ButtonProps) => (
  <button type="submit" class={look === 'main' ? undefined : look} name={name} value={value}>
    {children}
  </button>
)

/** A link that looks like a button, for the one next step where nothing is sent. */
export const ButtonLink = ({
  href,
  look = 'main',
  small = false,
  current = false,
  children,
}: PropsWithChildren<{ href: string; look?: 'main' | 'second'; small?: boolean; current?: boolean }>) => (
  <a
    class={`button${look === 'main' ? '' : ` ${look}`}${small ? ' small-button' : ''}`}
    href={href}
    aria-current={current ? 'true' : undefined}
  >
    {children}
  </a>
)

/** What a form sends along without showing it. */
export const Hidden = ({ name, value }: { name: string; value: string }) => (
  <input type="hidden" name={name} value={value} />
)

/** Words that belong to a form but to no field of it. */
export const FormNote = ({ children }: { children: Child }) => <p class="hint">{children}</p>
