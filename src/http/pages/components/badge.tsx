import type { PropsWithChildren } from 'hono/jsx'

/** A state in a word or two; its colour only repeats what the word says. */
export const Badge = ({
  tone,
  children,
}: PropsWithChildren<{ tone?: 'info' | 'warning' | 'bad' | 'good' }>) => (
  <span class={tone === undefined ? 'badge' : `badge ${tone}`}>{children}</span>
)
