/**
 * What pages that are open wait for, in this process: for each topic one look every few seconds, however many of them
 * there are. Each reader has the marks of looks that began after it came, so that what it is given is never older than
 * its page.
 */
export type LiveUpdates = {
  /** Says that there is something new about a topic: it is looked at now. */
  announce(topic: string): void
  /** @returns undefined where the process has as many readers as it may have */
  open(reading: Reading): Reader | undefined
  readonly onFault: OnFault
  /** Ends every reader, so that a stop need not wait for pages that are open. */
  close(): void
}

export type Reading = {
  topic: string
  /** Whose readers are counted together: a flow's, or a session's. */
  group?: string | undefined
  /** A mark of what there is to see: it is another one as soon as something is new. */
  look: () => Promise<string>
}

export type Reader = {
  /** The newest mark that this reader has not been given; undefined where none comes within so many milliseconds. */
  next(within: number): Promise<string | undefined>
  readonly state: 'open' | 'replaced' | 'closed'
  close(): void
}

type OnFault = (fault: unknown, about: string) => void

/** Something new may come from another process, which announces nothing here: so one looks this often in any case. */
const lookEvery = 3000
/** Three windows of one flow or session are followed; the one that was opened first makes way for a fourth. */
const mostInGroup = 3

/** @param most how many readers the process may have */
export function openLiveUpdates(most: number, onFault: OnFault): LiveUpdates {
  const topics = new Map<string, Topic>()
  const groups = new Map<string, OpenReader[]>()
  let open = 0
  let failing = false

  /** A database that is away fails every look: the first of them is logged. */
  const noteLook = (fault: unknown) => {
    if (fault !== undefined && !failing) onFault(fault, 'Looking for news')
    failing = fault !== undefined
  }

  function leave(reader: OpenReader, { topic, group }: Reading): void {
    open -= 1
    if (topics.get(topic)?.leave(reader) === 0) topics.delete(topic)
    if (group === undefined) return
    const left = (groups.get(group) ?? []).filter((other) => other !== reader)
    if (left.length > 0) groups.set(group, left)
    else groups.delete(group)
  }

  return {
    announce: (topic) => topics.get(topic)?.look(),
    open(reading) {
      const { topic, group, look } = reading
      const others = group === undefined ? [] : (groups.get(group) ?? [])
      if (others.length >= mostInGroup) others[0]?.end('replaced')
      if (open >= most) return undefined
      const reader = openReader(() => leave(reader, reading))
      open += 1
      if (group !== undefined) groups.set(group, [...(groups.get(group) ?? []), reader])
      const followed = topics.get(topic) ?? openTopic(look, noteLook)
      topics.set(topic, followed)
      followed.join(reader)
      return reader
    },
    onFault,
    close() {
      most = 0
      for (const topic of [...topics.values()]) topic.close()
    },
  }
}

type OpenReader = Reader & { offer(mark: string): void; end(state: 'replaced' | 'closed'): void }

function openReader(onEnd: () => void): OpenReader {
  let newest: string | undefined
  let given: string | undefined
  let state: Reader['state'] = 'open'
  let wake = () => {}
  const end = (how: 'replaced' | 'closed') => {
    if (state !== 'open') return
    state = how
    onEnd()
    wake()
  }
  return {
    offer(mark) {
      newest = mark
      if (newest !== given) wake()
    },
    async next(within) {
      if (newest === given && state === 'open') {
        const { promise, resolve } = Promise.withResolvers<void>()
        wake = resolve
        const timer = setTimeout(resolve, within)
        await promise
        clearTimeout(timer)
      }
      if (newest === given) return undefined
      given = newest
      return given
    },
    get state() {
      return state
    },
    end,
    close: () => end('closed'),
  }
}

type Topic = ReturnType<typeof openTopic>

function openTopic(look: () => Promise<string>, noteLook: (fault: unknown) => void) {
  const readers = new Set<OpenReader>()
  let isLooking = false
  let isDue = false

  async function lookNow(): Promise<void> {
    isDue = isLooking
    if (isLooking) return
    isLooking = true
    const present = [...readers]
    try {
      const mark = await look()
      for (const reader of present) reader.offer(mark)
      noteLook(undefined)
    } catch (fault) {
      noteLook(fault)
    }
    isLooking = false
    if (isDue && readers.size > 0) await lookNow()
  }

  const timer = setInterval(lookNow, lookEvery)
  return {
    look: () => void lookNow(),
    join(reader: OpenReader): void {
      readers.add(reader)
      void lookNow()
    },
    /** @returns how many are left */
    leave(reader: OpenReader): number {
      readers.delete(reader)
      if (readers.size === 0) clearInterval(timer)
      return readers.size
    },
    close(): void {
      for (const reader of [...readers]) reader.close()
    },
  }
}
