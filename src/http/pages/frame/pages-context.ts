import type { Sender } from '../../../messages/code-mail.ts'
import type { LiveUpdates } from '../../exchange/live-updates.ts'
import type { Site } from '../components/site.ts'
import type { VisitDeps } from './visit.ts'

/** What the pages of signing up and in stand on. */
export type PagesContext = VisitDeps & { site: Site; sender: Sender; news: LiveUpdates }
