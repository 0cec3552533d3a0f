import { Hono } from 'hono'
import type { Answering, Exchange } from '../../exchange/exchange.ts'
import { readForm } from '../../exchange/read-form.ts'
import type { Site } from '../components/site.ts'
import { answerFormAgain, answerPage, refusePage } from '../frame/answer-page.tsx'
import { pageHeaders } from '../frame/page-headers.ts'
import { ErrorPage, ErrorsPage } from './errors-page.tsx'
import { HelpPage } from './help-page.tsx'
import { isCode, longestPasted, readPasted } from './read-pasted.ts'

/** `/help`: what codes are, and what every refusal means. */
export function helpRoutes(site: Site) {
  const help = new Hono<Exchange>()
  help.use(pageHeaders(site))

  help.get('/', (c) => answerPage(c as Answering, site, <HelpPage />))
  help.get('/errors', (c) => answerPage(c as Answering, site, <ErrorsPage />))

  help.get('/errors/:code', (c) => {
    const code = c.req.param('code')
    if (!isCode(code)) return refusePage(c as Answering, site, { code: 'route_unknown' })
    return answerPage(c as Answering, site, <ErrorPage code={code} />)
  })

  // A form that is posted leaves nothing in addresses and logs; what it says is read, explained and forgotten.
  help.post('/errors', async (c) => {
    const answering = c as Answering
    const form = await readForm(answering)
    if (!form.ok) return refusePage(answering, site, form.refusal)
    const text = form.value.get('pasted') ?? ''
    const pasted = readPasted(text)
    if (typeof pasted !== 'string')
      return answerPage(answering, site, <ErrorPage code={pasted.code} said={pasted.said} />)
    const problem = pasted === 'long' ? `is longer than ${longestPasted} characters` : 'holds no code'
    const refusal = { code: 'input_refused' as const, errors: [{ pointer: '/pasted', problem }] }
    return answerFormAgain(answering, site, refusal, <ErrorsPage text={text} problem={pasted} />)
  })

  return help
}
