import type { SafetyPoint, Weakness } from '../../../core/security-info/safety.ts'
import type { Security } from '../../../operations/security-info/read-security.ts'
import { Badge } from '../components/badge.tsx'
import { Actions, ButtonLink } from '../components/form.tsx'
import { Notice } from '../components/notice.tsx'
import { Page } from '../components/page.tsx'
import { useSay } from '../components/reader.tsx'
import { Row, Rows, StillRow } from '../components/rows.tsx'
import { Way, Ways } from '../components/ways.tsx'
import { thatComesBack } from './come-back.ts'

type Step = { href: string; words: string }

/** What makes an account safe, point by point; each that is left leads to a page that ends it and comes back here. */
export function CheckupPage({
  security: { points, safety },
  handle,
  name,
}: {
  security: Security
  handle: string
  name: string
}) {
  const say = useSay()
  const security = `/account/${handle}/security`
  const here = `${security}/checkup`
  const stepFor = useSteps(security, here)
  const left = points.filter(({ done }) => !done)
  const next = left[0] && stepFor(left[0].weakness)
  return (
    <Page title={say('checkup.title')} lead={say('checkup.lead', { left: left.length })} account={name}>
      {next === undefined && (
        <Notice tone="good">
          <p>{say(`security.safety.${safety.level}`)}</p>
        </Notice>
      )}
      <Rows label={say('checkup.title')}>
        {points.map((point) => (
          <Point point={point} href={stepFor(point.weakness)[0]?.href ?? security} />
        ))}
      </Rows>
      <div class="after">
        <Actions>
          {next?.[0] === undefined ? (
            <ButtonLink href={security}>{say('security.back')}</ButtonLink>
          ) : (
            <ButtonLink href={next[0].href}>{next[0].words}</ButtonLink>
          )}
        </Actions>
      </div>
      <Ways>
        {next?.slice(1).map(({ href, words }) => (
          <Way href={href}>{words}</Way>
        ))}
        {next !== undefined && <Way href={security}>{say('security.back')}</Way>}
      </Ways>
    </Page>
  )
}

function Point({ point: { weakness, done }, href }: { point: SafetyPoint; href: string }) {
  const say = useSay()
  const title = say(`checkup.point.${weakness}`)
  if (done) {
    return (
      <StillRow
        title={
          <span class="row apart">
            <span>{title}</span>{' '}
            <span class="quiet small">
              <Badge tone="good">{say('checkup.done')}</Badge>
            </span>
          </span>
        }
        below={say(`checkup.why.${weakness}`)}
      />
    )
  }
  return (
    <Row
      href={href}
      title={title}
      aside={<Badge tone="warning">{say('checkup.open')}</Badge>}
      below={say(`security.weakness.${weakness}`)}
      wraps
    />
  )
}

/** The pages that end a weakness, the best first. */
function useSteps(security: string, here: string): (weakness: Weakness) => [Step, ...Step[]] {
  const say = useSay()
  const step = (path: string, words: string): Step => ({
    href: thatComesBack(`${security}/${path}`, here),
    words,
  })
  const add = step('add', say('security.add'))
  const app = step('totp', say('setUp.totpTitle'))
  const passkey = step('passkey', say('setUp.passkeyTitle'))
  return (weakness) => {
    if (weakness === 'no_two_step') return [step('two-step/on', say('twoStep.onTitle'))]
    return weakness === 'one_kind' ? [app, passkey] : [add, app, passkey]
  }
}
