import type { Hono } from 'hono'
import type { Refusal } from '../../../../core/refusal.ts'
import { refuse } from '../../../../core/refusal.ts'
import {
  type Decision,
  freezeByNotice,
  freezeInSession,
  keepChange,
  readDecision,
  undoChange,
} from '../../../../operations/security-info/freeze.ts'
import { readAccount } from '../../../../operations/sessions.ts'
import type { Exchange } from '../../../exchange.ts'
import { answerFormAgain, answerPage, refusePage } from '../../answer-page.tsx'
import type { SignInSite } from '../../signin/site.ts'
import { openVisit, readFields } from '../../visit.ts'
import type { AccountRoutes, SignedInVisit } from '../account-routes.ts'
import {
  ChangePage,
  FreezeChangePage,
  KeepChangePage,
  StopChangePage,
  StoppedPage,
  UndoChangePage,
} from './change-pages.tsx'

const uuid = /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/

/** What was changed about an account: by its owner, signed in, each change can be frozen, undone or kept. */
export function changePages(given: SignInSite, pages: Hono<Exchange>, routes: AccountRoutes): void {
  const { deps, site } = given
  const home = '/account/:handle/security/changes/:id'

  routes.get(home, (at) => withChange(at, (of) => answerPage(at.c, site, <ChangePage {...of} />)))

  const acts = {
    freeze: { Page: FreezeChangePage, done: 'frozen' },
    undo: { Page: UndoChangePage, done: 'undone' },
    keep: { Page: KeepChangePage, done: 'kept' },
  } as const

  for (const act of ['freeze', 'undo', 'keep'] as const) {
    const { Page, done } = acts[act]
    routes.get(`${home}/${act}`, (at) => withChange(at, (of) => answerPage(at.c, site, <Page {...of} />)))
    routes.post(`${home}/${act}`, (at) =>
      withChange(at, async (of) => {
        const { c, visit, session, form } = at
        const { id } = of.decision.change
        const now = c.var.now
        const decided =
          act === 'freeze'
            ? await freezeInSession(deps, session, id, visit.source, now)
            : act === 'keep'
              ? await keepChange(deps, session, id, visit.source, now)
              : await undoChange(deps, session, id, form.next ?? '', visit.source, now)
        if (decided.ok) return c.redirect(`/account/${session.handle}/security?done=${done}`, 303)
        const { refusal } = decided
        return answerFormAgain(c, site, refusal, <Page {...of} refusal={refusal} />)
      }),
    )
  }

  /** The page behind the link of a notice. Opening it changes nothing and tells nothing. */
  pages.get('/changes/:token', (c) => answerPage(c, site, <StopChangePage />))

  pages.post('/changes/:token', async (c) => {
    const { source } = openVisit(given, c)
    const read = await readFields(c)
    if (!read.ok) return refusePage(c, site, read.refusal)
    const typed = read.value.reference ?? ''
    const stopped =
      typed.length > 64
        ? refuse({ code: 'reference_wrong' })
        : await freezeByNotice(deps, c.req.param('token'), typed, source, c.var.now)
    if (stopped.ok) return answerPage(c, site, <StoppedPage outcome={stopped.value} />)
    return answerFormAgain(
      c,
      site,
      stopped.refusal,
      <StopChangePage typed={typed} refusal={stopped.refusal} />,
    )
  })

  type Of = {
    decision: Decision
    handle: string
    name: string
    form: string
    refusal?: Refusal | undefined
  }

  /** A change of this account within its thirty days; for any other there is no page. */
  async function withChange(
    { c, session, token: form }: SignedInVisit,
    show: (of: Of) => Response | Promise<Response>,
  ): Promise<Response> {
    const id = c.req.param('id') ?? ''
    const decision = uuid.test(id) ? await readDecision(deps, session, id) : undefined
    if (decision === undefined) return refusePage(c, site, { code: 'route_unknown' })
    const account = await readAccount(deps, session.accountId)
    return show({ decision, handle: session.handle, name: account?.names[0]?.name ?? '', form })
  }
}
