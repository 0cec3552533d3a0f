import type { Child, PropsWithChildren } from 'hono/jsx'

/** The ways on when the main one is shut. Every page has at least one. */
export const Ways = ({ children }: PropsWithChildren) => <ul class="ways">{children}</ul>

/** A way that leads to another page; `aside` says when, or where to. */
export const Way = ({ href, aside, children }: PropsWithChildren<{ href: string; aside?: Child }>) => (
  <li>
    <a href={href}>
      <span>{children}</span> {aside !== undefined && <span class="quiet">{aside}</span>}
    </a>
  </li>
)

type DoingProps = PropsWithChildren<{
  action: string
  hidden?: Readonly<Record<string, string>>
  aside?: Child
}>

/** A way that does something, so it is sent as a form: "send it again". `hidden` is what goes along, such as its token. */
export const WayToDo = ({ action, hidden = {}, aside, children }: DoingProps) => (
  <li>
    <form method="post" action={action}>
      {Object.entries(hidden).map(([name, value]) => (
        <input type="hidden" name={name} value={value} />
      ))}
      <button type="submit">
        <span>{children}</span> {aside !== undefined && <span class="quiet">{aside}</span>}
      </button>
    </form>
  </li>
)
