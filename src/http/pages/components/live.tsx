import type { PropsWithChildren } from 'hono/jsx'
import { useReader, useSay } from './reader.tsx'

type Props = PropsWithChildren<{
  id: string
  /** Where the server says that there is something new (src/http/stream.ts). */
  stream: string
}>

/** A part that follows what happens. Without a script a link shows the news: a page with a field never reloads itself. */
export function Live({ id, stream, children }: Props) {
  const { here } = useReader()
  const say = useSay()
  return (
    <>
      <div id={id} data-live={stream}>
        {children}
      </div>
      <p class="unseen" role="status" data-says={say('page.news')} />
      <p class="small" data-without-script="">
        <a href={here}>{say('page.showNews')}</a>
      </p>
    </>
  )
}
