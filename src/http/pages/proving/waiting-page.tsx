import type { Child } from 'hono/jsx'
import type { Policy } from '../../../core/policy.ts'
import type { Refusal } from '../../../core/refusal.ts'
import { resendAt, stateAt } from '../../../core/verifications/verification.ts'
import type { Waiting } from '../../../operations/proving/codes.ts'
import { CodeField } from '../components/code-field.tsx'
import { errorOf } from '../components/error-summary.tsx'
import { Facts } from '../components/facts.tsx'
import { Actions, Button, Form } from '../components/form.tsx'
import { Live } from '../components/live.tsx'
import { Clock, Moment } from '../components/moment.tsx'
import { Page } from '../components/page.tsx'
import { useSay } from '../components/reader.tsx'
import { Story } from '../components/story.tsx'
import { Way, Ways, WayToDo } from '../components/ways.tsx'
import { Hiddens, useErrors } from '../frame/form-page.tsx'
import { calmSteps, deliverySteps } from './delivery-story.ts'

/** A hint that may break where its parts do, and nowhere else. */
const groupedHint = (hint: string): string => hint.replaceAll(' ', '\u00a0')

type Props = {
  waiting: Waiting
  policy: Policy['code']
  /** Where it went, as much as may be said. */
  to: string
  account?: string | undefined
  /** Whether the true story may be shown, or only the clock's. */
  mayReadStory: boolean
  sender: { name: string; address: string }
  subject: string
  here: string
  stream: string
  hidden: Readonly<Record<string, string>>
  /** Whether another contact may be chosen; only a sign-up has no other. */
  others: boolean
  refusal: Refusal | undefined
  /** "Don't ask again in this browser", where two-step verification asks. */
  trust?: Child
}

/** The page that waits for a code: where it went, what became of it, and every way on. */
export function WaitingPage(props: Props) {
  const { waiting, to, account, refusal } = props
  const say = useSay()
  const { verification } = waiting
  const errors = useErrors(refusal, 'code')
  const heading: Child = (
    <>
      {say('waiting.title')} <bdi>{groupedHint(to)}</bdi>
    </>
  )
  return (
    <Page title={`${say('waiting.title')} ${to}`} heading={heading} account={account} errors={errors}>
      <Form action={props.here}>
        <Hiddens fields={{ ...props.hidden, act: 'code' }} />
        <CodeField
          name="code"
          label={say('waiting.code')}
          hint={say('waiting.codeHint', { length: verification.codeLength })}
          error={errorOf(errors, 'code')}
        />
        {props.trust}
        <Actions>
          <Button>{say('waiting.continue')}</Button>{' '}
          <span class="clock">
            {isOver(waiting) ? (
              say('waiting.over')
            ) : (
              <>
                {say('waiting.until')} <Moment at={verification.expiresAt} shape="time" /> ·{' '}
                {say('waiting.tries', { left: verification.attemptsAllowed - verification.attempts })}
              </>
            )}
          </span>
        </Actions>
      </Form>
      <h2>{say('waiting.where')}</h2>
      <Live id="story" stream={props.stream}>
        <Delivered {...props} />
      </Live>
      <Facts
        facts={[
          { name: say('waiting.from'), value: `${props.sender.name}, ${props.sender.address}` },
          { name: say('waiting.subject'), value: props.subject },
          { name: say('waiting.reference'), value: verification.messageReference, ltr: true },
        ]}
      />
      <WaysOn {...props} />
    </Page>
  )
}

function Delivered({ waiting, mayReadStory, sender }: Props) {
  const say = useSay()
  const steps = mayReadStory
    ? deliverySteps(waiting.deliveries, say, sender.address)
    : calmSteps(waiting.verification.createdAt, say, sender.address)
  return <Story steps={steps} />
}

/** Whether the code can't be right any more, whatever is typed. */
const isOver = ({ verification, now }: Waiting): boolean => stateAt(verification, now) !== 'pending'

function WaysOn(props: Props) {
  const { waiting, here, hidden, others } = props
  const say = useSay()
  return (
    <Ways>
      {!isOver(waiting) && <SendAgain {...props} />}
      {others ? (
        <WayToDo action={here} hidden={{ ...hidden, act: 'other' }}>
          {say(isOver(waiting) ? 'waiting.newCode' : 'waiting.otherWay')}
        </WayToDo>
      ) : (
        isOver(waiting) && <Way href="/signup">{say('waiting.beginAgain')}</Way>
      )}
      <Way href="/help/errors">{say('waiting.help')}</Way>
    </Ways>
  )
}

function SendAgain({ waiting, policy, here, hidden }: Props) {
  const say = useSay()
  const again = resendAt(waiting.verification, policy, waiting.now)
  const aside = again === undefined ? say('waiting.sentEnough') : <Clock until={again} />
  return (
    <WayToDo action={here} hidden={{ ...hidden, act: 'resend' }} aside={aside}>
      {say('waiting.noCode')}
    </WayToDo>
  )
}
