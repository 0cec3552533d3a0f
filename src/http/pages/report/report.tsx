import { Hono } from 'hono'
import { refuse } from '../../../core/refusal.ts'
import type { Deps } from '../../../operations/deps.ts'
import { reportMessage } from '../../../operations/report-message.ts'
import type { Answering, Exchange } from '../../exchange.ts'
import { readForm } from '../../read-form.ts'
import { answerFormAgain, answerPage, refusePage } from '../answer-page.tsx'
import { asPage } from '../as-page.ts'
import type { Site } from '../site.ts'
import { ReportedPage, ReportPage } from './report-page.tsx'

/** `/report/{token}`: opening it changes nothing and tells nothing, not even whether there is such a message. */
export function reportPages(deps: Deps, site: Site) {
  const report = new Hono<Exchange>()
  report.use(asPage(site))

  report.get('/:token', (c) => answerPage(c as Answering, site, <ReportPage />))

  report.post('/:token', async (c) => {
    const answering = c as Answering
    const form = await readForm(answering)
    if (!form.ok) return refusePage(answering, site, form.refusal)
    const typed = form.value.get('reference') ?? ''
    const reported =
      typed.length > 64
        ? refuse({ code: 'reference_wrong' })
        : await reportMessage(deps, c.req.param('token'), typed)
    if (reported.ok) return answerPage(answering, site, <ReportedPage outcome={reported.value} />)
    const { refusal } = reported
    return answerFormAgain(answering, site, refusal, <ReportPage typed={typed} refusal={refusal} />)
  })

  return report
}
