import type { RefusalCode } from '../../../core/refusal.ts'
import type { OpenApi, OpenApiOperation } from '../../api/openapi.ts'
import { refusalShapes } from '../../exchange/refusals.ts'
import { Copy } from '../components/copy.tsx'
import { Page } from '../components/page.tsx'
import { useReader, useSay } from '../components/reader.tsx'
import { curlOf, firstSteps } from './curl.ts'
import { SchemaTable } from './schema-table.tsx'

type Listed = { method: string; path: string; operation: OpenApiOperation }

/** Everything the API does, on one page that can be searched and printed. Its words are English, as its names are. */
export function DocsPage({ api }: { api: OpenApi }) {
  const say = useSay()
  const operations: Listed[] = Object.entries(api.paths).flatMap(([path, methods]) =>
    Object.entries(methods).map(([method, operation]) => ({ method, path, operation })),
  )
  return (
    <Page title={say('docs.title')} lead={say('docs.lead')} width="wide">
      <div class="split slim" lang="en" dir="ltr">
        <Contents operations={operations} />
        <div>
          <Begin />
          <Agreements />
          {operations.map((listed) => (
            <Operation {...listed} api={api} />
          ))}
          <Refusals />
        </div>
      </div>
    </Page>
  )
}

function Contents({ operations }: { operations: readonly Listed[] }) {
  return (
    <nav class="toc stays" aria-label="Contents">
      <ul>
        <li>
          <a href="#begin">Begin</a>
        </li>
        <li>
          <a href="#agreements">What holds everywhere</a>
        </li>
        {operations.map(({ operation }) => (
          <li>
            <a href={`#${operation.operationId}`}>{operation.summary}</a>
          </li>
        ))}
        <li>
          <a href="#refusals">All refusals</a>
        </li>
        <li>
          <a href="/openapi.json">openapi.json</a>
        </li>
      </ul>
    </nav>
  )
}

function Begin() {
  const { site } = useReader()
  return (
    <section class="card" aria-labelledby="begin">
      <h2 id="begin">Begin</h2>
      <ol class="steps">
        {firstSteps(site.publicUrl, site.inbox).map(({ title, text, shell }) => (
          <li>
            <h3>{title}</h3>
            <p>{text}</p>
            <Shell text={shell} />
          </li>
        ))}
      </ol>
    </section>
  )
}

function Agreements() {
  return (
    <section class="card" aria-labelledby="agreements">
      <h2 id="agreements">What holds everywhere</h2>
      <dl class="terms">
        <dt>Your key</dt>
        <dd>
          Every request carries <code>Authorization: Bearer csk_…</code>. Applications never see each other's
          verifications: those of another are answered with 404.
        </dd>
        <dt>Refusals</dt>
        <dd>
          What is declined is answered with a problem document (RFC 9457). Decide by its <code>code</code>,
          which never changes; show <code>title</code> and <code>detail</code> if you like: they come in the
          language of <code>Accept-Language</code>. The same stands in the header{' '}
          <code>Countersign-Error</code>, so that a network trace is enough.
        </dd>
        <dt>Waiting</dt>
        <dd>
          Where <code>retry_at</code> is given, the same request goes through then. Asking earlier costs
          nothing and never makes it longer.
        </dd>
        <dt>Repeating</dt>
        <dd>
          Send an <code>Idempotency-Key</code> when you send a code. If the connection breaks, repeat the
          request with the same key: you get the first answer, and no second code goes out.
        </dd>
        <dt>Moments</dt>
        <dd>ISO 8601 in UTC, to the millisecond.</dd>
      </dl>
    </section>
  )
}

function Operation({ method, path, operation, api }: Listed & { api: OpenApi }) {
  const { site } = useReader()
  const { operationId, summary, description, parameters, requestBody, responses } = operation
  const [status, answer] = Object.entries(responses).find(([code]) => code.startsWith('2'))!
  const refusals = Object.entries(responses).filter(([code]) => !code.startsWith('2'))
  const request = requestBody?.content['application/json']
  const answered = answer.content['application/json']
  const header = parameters.find((parameter) => parameter.in === 'header')
  return (
    <section class="card" aria-labelledby={operationId}>
      <h2 id={operationId}>{summary}</h2>
      <p class="row">
        <span class="verb">{method.toUpperCase()}</span>
        <code>{path}</code>
      </p>
      <p class="prose">{description}</p>
      <Shell text={curlOf(site.publicUrl, method, path, operation)} />
      {request && (
        <>
          <h3>Body</h3>
          <SchemaTable schema={request.schema} api={api} />
        </>
      )}
      {header && (
        <p class="prose after">
          <code>{String(header.name)}</code> <span class="quiet">header.</span> {String(header.description)}
        </p>
      )}
      <h3>
        Answer <code>{status}</code>
      </h3>
      <p>{answer.description}</p>
      {answered && (
        <>
          <Json value={answered.example ?? {}} />
          <details class="loose">
            <summary>Its fields</summary>
            <SchemaTable schema={answered.schema} api={api} />
          </details>
        </>
      )}
      <h3>Refusals</h3>
      <ul class="codes">
        {refusals.flatMap(([code, { content }]) =>
          Object.entries(content['application/problem+json']?.examples ?? {}).map(
            ([name, { summary: title }]) => (
              <li>
                <span class="quiet numbers">{code}</span> <a href={`#${name}`}>{name}</a>{' '}
                <span class="quiet">{title}</span>
              </li>
            ),
          ),
        )}
      </ul>
    </section>
  )
}

function Refusals() {
  const say = useSay()
  const codes = Object.keys(refusalShapes) as RefusalCode[]
  return (
    <section class="card" aria-labelledby="refusals">
      <h2 id="refusals">All refusals</h2>
      <p class="prose">{say('docs.refusals')}</p>
      <dl class="terms">
        {codes.map((code) => (
          <>
            <dt id={code}>
              <a href={`/help/errors/${code}`}>
                <code>{code}</code>
              </a>{' '}
              <span class="quiet numbers">{refusalShapes[code].status}</span>
            </dt>
            <dd>{say(`help.${code}.means`)}</dd>
          </>
        ))}
      </dl>
    </section>
  )
}

function Shell({ text }: { text: string }) {
  return (
    <div class="shell">
      <pre>
        <code>{text}</code>
      </pre>
      <Copy text={text} label="Copy" />
    </div>
  )
}

const Json = ({ value }: { value: object }) => (
  <pre>
    <code>{JSON.stringify(value, undefined, 2)}</code>
  </pre>
)
