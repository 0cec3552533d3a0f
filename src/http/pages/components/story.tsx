import type { Child } from 'hono/jsx'
import type { Instant } from '../../../core/time.ts'
import { Moment } from './moment.tsx'
import { useSay } from './reader.tsx'

/** `done` went well, `waits` is where it is now, `failed` is what went wrong. A step without a time is what to do now. */
export type Step = { at?: Instant | undefined; state: 'done' | 'waits' | 'failed'; told: Child }

/** What happened, in order, to the second: the life of a message, or of an account. */
export function Story({ steps }: { steps: readonly Step[] }) {
  const say = useSay()
  return (
    <ol class="story">
      {steps.map(({ at, state, told }) => (
        <li class={state === 'done' ? undefined : state}>
          {at === undefined ? <span class="when">{say('page.now')}</span> : <Moment at={at} shape="clock" />}
          <div>{typeof told === 'string' ? <p>{told}</p> : told}</div>
        </li>
      ))}
    </ol>
  )
}
