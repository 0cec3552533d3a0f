import type { Child, PropsWithChildren } from 'hono/jsx'
import { locales } from '../../../core/verifications/message.ts'
import { directions, formatTags, translate } from '../../../locales/catalogue.ts'
import { ErrorSummary, type FieldErrors } from './error-summary.tsx'
import { Icon } from './icon.tsx'
import { Mark } from './mark.tsx'
import { useReader, useSay } from './reader.tsx'

type Props = PropsWithChildren<{
  /** The heading, and the title of the window: the question that this page asks. */
  title: string
  /** Where the heading is more than plain text. */
  heading?: Child
  /** One line under the heading: why, or what to do. */
  lead?: Child
  /** Whom the page concerns, such as "Signing in as maria@example.org". */
  account?: string | undefined
  /** What was wrong with the form; makes the title begin with "Error:". */
  errors?: FieldErrors | undefined
  /** Pages of reference use the whole window; a task has one column. */
  width?: 'task' | 'wide'
}>

/**
 * Every page: the operator's name, one column with one task, and ways to help and to another language. The spaces
 * between links are for text browsers, where no style keeps neighbours apart.
 */
export function Page({ title, heading, lead, account, errors = [], width = 'task', children }: Props) {
  const { site, locale, now, personal } = useReader()
  const say = useSay()
  const titled = errors.length > 0 ? `${say('page.error')} ${title}` : title
  return (
    <html
      lang={locale}
      dir={directions[locale]}
      data-made-at={now}
      data-formats={formatTags[locale]}
      data-personal={personal ? '' : undefined}
    >
      <head>
        <meta charset="utf-8" />
        <title>{`${titled} · ${site.name}`}</title>
        <meta name="viewport" content="width=device-width, initial-scale=1" />
        <meta name="color-scheme" content="light dark" />
        <meta name="format-detection" content="telephone=no, date=no, address=no, email=no" />
        <link rel="stylesheet" href={site.assets.style} />
        <link rel="icon" type="image/svg+xml" href={site.assets.mark} />
        <script type="module" src={site.assets.script} />
      </head>
      <body>
        <a class="skip" href="#main">
          {say('page.skip')}
        </a>{' '}
        <Top />
        <main id="main" class={width === 'wide' ? 'wide' : undefined} tabindex={-1}>
          <p class="too-old">{say('page.tooOld')}</p>
          <ErrorSummary errors={errors} />
          <div class="head">
            {account !== undefined && (
              <p class="account">
                <Icon name="person" />
                <span>{account}</span>
              </p>
            )}
            <h1>{heading ?? title}</h1>
            {lead !== undefined && <p class="lead">{lead}</p>}
          </div>
          {children}
        </main>
        <Foot />
      </body>
    </html>
  )
}

function Top() {
  const { site, here } = useReader()
  const say = useSay()
  const links = [
    ...(site.inbox ? [{ href: '/inbox', text: say('page.inbox') }] : []),
    ...(site.inbox ? [{ href: '/docs', text: say('page.docs') }] : []),
    { href: '/help', text: say('page.help') },
  ]
  return (
    <header class="top">
      <a class="brand" href="/">
        {site.assets.logo === undefined ? <Mark /> : <img src={site.assets.logo} alt="" />}
        <bdi>{site.name}</bdi>
      </a>{' '}
      <nav aria-label={say('page.sections')}>
        {links.map(({ href, text }) => (
          <>
            <a href={href} aria-current={isWithin(here, href) ? 'true' : undefined}>
              {text}
            </a>{' '}
          </>
        ))}
      </nav>
    </header>
  )
}

const isWithin = (here: string, href: string): boolean =>
  here === href || (/^[/?]/.test(here.slice(href.length)) && here.startsWith(href))

function Foot() {
  const { site, here, locale } = useReader()
  const say = useSay()
  const inLanguage = (language: string) => `${here}${here.includes('?') ? '&' : '?'}language=${language}`
  return (
    <footer class="end">
      <p>
        {site.supportAddress === undefined ? (
          <bdi>{site.name}</bdi>
        ) : (
          <>
            {say('page.support')} <a href={`mailto:${site.supportAddress}`}>{site.supportAddress}</a>
          </>
        )}
      </p>
      <nav aria-label={say('page.language')}>
        {locales.map((language) => (
          <>
            <a
              href={inLanguage(language)}
              lang={language}
              hreflang={language}
              rel="nofollow"
              aria-current={language === locale ? 'true' : undefined}
            >
              {translate(language, 'page.languageName')}
            </a>{' '}
          </>
        ))}
      </nav>
    </footer>
  )
}
