import type { PropsWithChildren } from 'hono/jsx'
import { Icon } from './icon.tsx'

type Props = PropsWithChildren<{ tone: 'info' | 'warning' | 'bad' | 'good'; title?: string }>

/** Something to know before going on. `good` tells what has just been done, so it is also read out. */
export const Notice = ({ tone, title, children }: Props) => (
  <div class={tone === 'info' ? 'notice' : `notice ${tone}`} role={tone === 'good' ? 'status' : undefined}>
    <Icon name={tone} />
    <div>
      {title !== undefined && <h2>{title}</h2>}
      {children}
    </div>
  </div>
)
