import type { RefusalCode } from '../../../core/refusal.ts'
import { catalogue, type SentenceKey } from '../../../locales/catalogue.ts'
import { exampleField } from '../../api/openapi.ts'
import { exampleNow, refusalExamples } from '../../exchange/refusal-examples.ts'
import { parametersOf, type RefusalKind, refusalShapes } from '../../exchange/refusals.ts'
import { Badge } from '../components/badge.tsx'
import { errorOf } from '../components/error-summary.tsx'
import { Facts } from '../components/facts.tsx'
import { Actions, Button, Form, Hidden } from '../components/form.tsx'
import { Page } from '../components/page.tsx'
import { useReader, useSay } from '../components/reader.tsx'
import { TextArea } from '../components/text-field.tsx'
import { Way, Ways } from '../components/ways.tsx'
import { longestPasted, type Pasted } from './read-pasted.ts'

const codes = Object.keys(refusalShapes) as RefusalCode[]
const kinds: readonly RefusalKind[] = ['verification', 'limit', 'input', 'access', 'service']

/** Where one looks with a code in hand: paste it, or find it in the list. */
export function ErrorsPage({ form, text, problem }: { form: string; text?: string; problem?: SentenceKey }) {
  const say = useSay()
  const message = problem && say(problem, { most: longestPasted })
  const errors = message === undefined ? [] : [{ field: 'pasted', message }]
  return (
    <Page title={say('help.errors.title')} lead={say('help.errors.lead')} errors={errors}>
      <Form action="/help/errors">
        <Hidden name="form" value={form} />
        <TextArea
          name="pasted"
          label={say('help.paste.label')}
          hint={say('help.paste.hint')}
          error={errorOf(errors, 'pasted')}
          value={text}
          rows={4}
        />
        <Actions>
          <Button>{say('help.paste.read')}</Button>
        </Actions>
      </Form>
      <h2>{say('help.errors.all')}</h2>
      {kinds.map((kind) => (
        <>
          <h3 class="quiet">{say(`help.kind.${kind}`)}</h3>
          <Ways>
            {codes
              .filter((code) => refusalShapes[code].kind === kind)
              .map((code) => (
                <Way href={`/help/errors/${code}`} aside={<code>{code}</code>}>
                  {say(`refusal.${code}.title`)}
                </Way>
              ))}
          </Ways>
        </>
      ))}
    </Page>
  )
}

/** One refusal: what it means, what to do, and how it looks to a program. */
export function ErrorPage({ code, said = [] }: { code: RefusalCode; said?: Pasted['said'] }) {
  const say = useSay()
  const { kind, status } = refusalShapes[code]
  return (
    <Page title={say(`refusal.${code}.title`)} account={undefined}>
      <p class="row">
        <code>{code}</code>
        <Badge tone={kind === 'service' ? 'bad' : kind === 'limit' ? 'warning' : 'info'}>
          {say(`help.kind.${kind}`)}
        </Badge>
      </p>
      {said.length > 0 && (
        <>
          <h2>{say('help.heading.said')}</h2>
          <Facts facts={said.map(({ name, value }) => ({ name, value, ltr: true as const }))} />
        </>
      )}
      <div class="card">
        <h2>{say('help.heading.means')}</h2>
        <p>{say(`help.${code}.means`)}</p>
        <h2>{say('help.heading.do')}</h2>
        <p>{say(`help.${code}.do`)}</p>
      </div>
      <h2>{say('help.heading.wire')}</h2>
      <Facts
        facts={[
          { name: say('help.heading.status'), value: String(status), ltr: true },
          { name: say('help.heading.code'), value: <code>{code}</code>, ltr: true },
          { name: say('help.heading.kind'), value: <code>{kind}</code>, ltr: true },
        ]}
      />
      <Parameters code={code} />
      <pre>
        <code>Countersign-Error: {exampleField(code)}</code>
      </pre>
      <Ways>
        <Way href="/help/errors">{say('help.errors.each')}</Way>
        <Way href="/help">{say('page.help')}</Way>
      </Ways>
    </Page>
  )
}

function Parameters({ code }: { code: RefusalCode }) {
  const say = useSay()
  const { locale } = useReader()
  const names = Object.keys(parametersOf(refusalExamples[code], exampleNow))
  const known = catalogue(locale)
  const facts = names.flatMap((name) => {
    const sentence = known.get(`help.parameter.${name}`)
    return sentence === undefined ? [] : [{ name, value: sentence }]
  })
  if (facts.length === 0) return null
  return (
    <>
      <h3>{say('help.heading.parameters')}</h3>
      <Facts look="plain" facts={facts} />
    </>
  )
}
