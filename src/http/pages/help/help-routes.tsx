import { Hono } from 'hono'
import type { SentenceKey } from '../../../locales/catalogue.ts'
import type { Answering, Exchange } from '../../exchange/exchange.ts'
import { answerFormAgain, answerPage, refusePage } from '../frame/answer-page.tsx'
import { readBoundForm } from '../frame/bound-form.ts'
import { pageHeaders } from '../frame/page-headers.ts'
import type { PagesContext } from '../frame/pages-context.ts'
import { formTokenOf, openVisit } from '../frame/visit.ts'
import { ErrorPage, ErrorsPage } from './errors-page.tsx'
import { HelpPage } from './help-page.tsx'
import { isCode, readPasted } from './read-pasted.ts'

const scope = 'help'

/** `/help`: what codes are, and what every refusal means. */
export function helpRoutes(given: PagesContext) {
  const { site } = given
  const help = new Hono<Exchange>()
  help.use(pageHeaders(site))

  help.get('/', (c) => answerPage(c as Answering, site, <HelpPage />))
  help.get('/errors', (c) => {
    const form = formTokenOf(given, openVisit(given, c as Answering), scope)
    return answerPage(c as Answering, site, <ErrorsPage form={form} />)
  })

  help.get('/errors/:code', (c) => {
    const code = c.req.param('code')
    if (!isCode(code)) return refusePage(c as Answering, site, { code: 'route_unknown' })
    return answerPage(c as Answering, site, <ErrorPage code={code} />)
  })

  // A form that is posted leaves nothing in addresses and logs; what it says is read, explained and forgotten.
  help.post('/errors', async (c) => {
    const answering = c as Answering
    const visit = openVisit(given, answering)
    const read = await readBoundForm(given, answering, visit, scope)
    if (!read.ok) return read.answer
    const { form = '', pasted: text = '' } = read.form
    const pasted = readPasted(text)
    if (typeof pasted !== 'string')
      return answerPage(answering, site, <ErrorPage code={pasted.code} said={pasted.said} />)
    const problem: SentenceKey =
      pasted === 'long' ? 'help.paste.long' : text.trim() === '' ? 'help.paste.empty' : 'help.paste.unknown'
    const refusal = {
      code: 'input_refused' as const,
      errors: [{ pointer: '/pasted', problem: 'holds no code' }],
    }
    return answerFormAgain(answering, site, refusal, <ErrorsPage form={form} text={text} problem={problem} />)
  })

  return help
}
