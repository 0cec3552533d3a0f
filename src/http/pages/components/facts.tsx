import type { Child } from 'hono/jsx'

/** `ltr` for references, addresses and codes: they are read from left to right in every language. */
export type Fact = { name: string; value: Child; ltr?: true }

/** Names and values: whom to look for in the mailbox, or what a message says of itself. */
export const Facts = ({ facts, look = 'washed' }: { facts: readonly Fact[]; look?: 'washed' | 'plain' }) => (
  <dl class={look === 'plain' ? 'facts plain' : 'facts'}>
    {facts.map(({ name, value, ltr }) => (
      <>
        <dt>{name}</dt>
        <dd>{ltr ? <bdi dir="ltr">{value}</bdi> : <bdi>{value}</bdi>}</dd>
      </>
    ))}
  </dl>
)
