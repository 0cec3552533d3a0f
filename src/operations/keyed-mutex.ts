const lines = new Map<string, Promise<unknown>>()

/**
 * Does work about one thing (a destination, a verification) one after the other within this process. PostgreSQL decides
 * the races, also between processes; this only keeps a thousand requests for one row from each holding a connection
 * while they wait for it: others would find none left.
 */
export async function withKeyedMutex<Value>(about: string, work: () => Promise<Value>): Promise<Value> {
  const before = lines.get(about)
  const mine = before === undefined ? work() : before.then(work)
  const over = mine.then(nothing, nothing)
  lines.set(about, over)
  try {
    return await mine
  } finally {
    if (lines.get(about) === over) lines.delete(about)
  }
}

const nothing = () => {}
