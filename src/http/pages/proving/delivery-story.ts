import type { Instant } from '../../../core/time.ts'
import type { Delivery } from '../../../operations/verifications/read-verification.ts'
import type { Say } from '../components/reader.tsx'
import type { Step } from '../components/story.tsx'

/** What became of each message, as a person reads it: what happened, and what to do about it. */
export function deliverySteps(
  deliveries: readonly Delivery[],
  say: Say,
  sender: string,
  begun: { first: string; again: string } = { first: say('waiting.asked'), again: say('waiting.askedAgain') },
): Step[] {
  const steps = deliveries.flatMap((delivery, index): Step[] => [
    { at: delivery.queuedAt, state: 'done', told: index === 0 ? begun.first : begun.again },
    ...delivery.events.map((event): Step => {
      const by =
        event.provider === 'inbox' ? say('waiting.builtInInbox') : (event.by ?? say('waiting.someServer'))
      const told = say(`deliveryEvent.${event.kind}`, { by })
      const why = event.cause === undefined ? '' : ` ${say(`deliveryCause.${event.cause}`)}`
      return { at: event.at, state: event.kind === 'accepted' ? 'done' : 'failed', told: told + why }
    }),
  ])
  steps.sort((a, b) => (a.at ?? 0) - (b.at ?? 0))
  const last = deliveries.at(-1)
  if (last?.state === 'queued') {
    const told = say(last.events.length === 0 ? 'waiting.onItsWay' : 'waiting.stillTrying')
    return [...steps, { state: 'waits', told }]
  }
  if (last?.state === 'sent' || last?.state === 'unknown')
    return [...steps, { state: 'waits', told: say('waiting.notThere', { sender }) }]
  return steps
}

/** The story for somebody who has proved nothing: the clock's, and the same whether anything was sent or not. */
export const calmSteps = (askedAt: Instant, say: Say, sender: string): Step[] => [
  { at: askedAt, state: 'done', told: say('waiting.calm') },
  { state: 'waits', told: say('waiting.notThere', { sender }) },
]
