import type { Sender } from '../../../messages/code-mail.ts'
import type { News } from '../../news.ts'
import type { Site } from '../site.ts'
import type { VisitDeps } from '../visit.ts'

/** What the pages of signing up and in stand on. */
export type SignInSite = VisitDeps & { site: Site; sender: Sender; news: News }
