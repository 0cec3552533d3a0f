import type { Child } from 'hono/jsx'

/**
 * `ltr` for references, addresses and codes: they are read from left to right in every language. `ours` for words of the
 * reader's language, which keep its direction though they begin with a foreign name, such as "Firefox on Windows".
 */
export type Fact = { name: string; value: Child; ltr?: true; ours?: true }

/** Names and values: whom to look for in the mailbox, or what a message says of itself. */
export const Facts = ({ facts, look = 'washed' }: { facts: readonly Fact[]; look?: 'washed' | 'plain' }) => (
  <dl class={look === 'plain' ? 'facts plain' : 'facts'}>
    {facts.map(({ name, value, ltr, ours }) => (
      <>
        <dt>{name}</dt>
        <dd>{ours ? value : <bdi dir={ltr && 'ltr'}>{value}</bdi>}</dd>
      </>
    ))}
  </dl>
)
