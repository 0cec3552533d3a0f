import type { PropsWithChildren } from 'hono/jsx'
import { Icon, type IconName } from './icon.tsx'

/** Where a list would be and nothing is yet: says what will come here, and how. */
export const Empty = ({ icon, title, children }: PropsWithChildren<{ icon: IconName; title: string }>) => (
  <div class="none">
    <Icon name={icon} />
    <h2>{title}</h2>
    {children}
  </div>
)
