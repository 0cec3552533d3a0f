import type { Refusal } from '../../../../core/refusal.ts'
import {
  type Decision,
  keepChange,
  readDecision,
  undoInSession,
} from '../../../../operations/changes/decide-change.ts'
import { freezeInSession } from '../../../../operations/changes/freeze.ts'
import { sparedIn } from '../../../../operations/changes/undo-from-notice.ts'
import { readAccount } from '../../../../operations/sessions.ts'
import { answerFormAgain, answerPage, refusePage } from '../../answer-page.tsx'
import type { SignInSite } from '../../signin/site.ts'
import type { AccountRoutes, SignedInVisit } from '../account-routes.ts'
import { ChangePage, FreezeChangePage, KeepChangePage, UndoChangePage } from './change-pages.tsx'

const uuid = /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/

/** What was changed about an account: by its owner, signed in, each change can be frozen, undone or kept. */
export function changePages(given: SignInSite, routes: AccountRoutes): void {
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
        const { now } = session
        const decided =
          act === 'freeze'
            ? await freezeInSession(deps, session, id, visit.source, now)
            : act === 'keep'
              ? await keepChange(deps, session, id, visit.source, now)
              : await undoInSession(
                  deps,
                  { ...session, spares: sparedIn(form) },
                  id,
                  form.next ?? '',
                  visit.source,
                  now,
                )
        if (decided.ok) {
          const came = decided.value === 'announced' ? 'announced' : done
          return c.redirect(`/account/${session.handle}/security?done=${came}`, 303)
        }
        const { refusal } = decided
        return answerFormAgain(c, site, refusal, <Page {...of} refusal={refusal} />)
      }),
    )
  }

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
