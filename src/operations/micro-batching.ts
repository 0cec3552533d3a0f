import type { Sql } from '../storage/sql.ts'
import type { Attempt, Attempted, IssueAsk, Issued, VerificationSql } from '../storage/verification-sql.ts'

/**
 * Asks that come at the same moment, answered by one statement: most of what a short statement costs PostgreSQL is
 * setting it up and flushing its commit, and that is paid once for all of them.
 *
 * Nobody is kept waiting for company: what comes while few statements are on their way goes at once, by itself. Only what
 * comes while all places are taken gathers, and goes together with the next.
 */
export type Gathering<Ask, Answer> = {
  /** Answers all, in their order; undefined for one that has to be asked by itself. */
  many: (asks: Ask[]) => Promise<(Answer | undefined)[]>
  alone: (ask: Ask) => Promise<Answer>
  /** Two asks that name the same thing never go together. */
  about: (ask: Ask) => readonly string[]
}

/** With more places, less gathers: a cycle of the benchmark costs PostgreSQL more. With one, the server waits for it. */
const places = 2
const mostTogether = 16
/** A statement that waits for somebody's row gives up its place after so long: it shall not hold up the others. */
const placeLasts = 40

type Waiting<Ask, Answer> = {
  ask: Ask
  resolve: (answer: Answer | Promise<Answer>) => void
  reject: (fault: unknown) => void
}

export function gather<Ask, Answer>({ many, alone, about }: Gathering<Ask, Answer>) {
  let waiting: Waiting<Ask, Answer>[] = []
  let taken = 0

  return (ask: Ask): Promise<Answer> =>
    new Promise((resolve, reject) => {
      waiting.push({ ask, resolve, reject })
      goOn()
    })

  function goOn(): void {
    while (taken < places && waiting.length > 0) void send(nextFew())
  }

  function nextFew(): Waiting<Ask, Answer>[] {
    const named = new Set<string>()
    const few: Waiting<Ask, Answer>[] = []
    const left: Waiting<Ask, Answer>[] = []
    for (const one of waiting) {
      const names = few.length < mostTogether ? about(one.ask) : []
      if (few.length === mostTogether || names.some((name) => named.has(name))) {
        left.push(one)
        continue
      }
      for (const name of names) named.add(name)
      few.push(one)
    }
    waiting = left
    return few
  }

  async function send(few: Waiting<Ask, Answer>[]): Promise<void> {
    taken += 1
    let holdsPlace = true
    const leave = () => {
      if (holdsPlace) taken -= 1
      holdsPlace = false
      goOn()
    }
    const slow = setTimeout(leave, placeLasts)
    try {
      const answers = await many(few.map(({ ask }) => ask))
      for (const [at, { ask, resolve }] of few.entries()) resolve(answers[at] ?? alone(ask))
    } catch (fault) {
      for (const { reject } of few) reject(fault)
    } finally {
      clearTimeout(slow)
      leave()
    }
  }
}

export type VerificationBatches = {
  issue: (ask: IssueAsk) => Promise<Issued>
  attempt: (attempt: Attempt) => Promise<Attempted>
}

/** Codes asked for and codes tried through the API, which come in thousands. */
export const batchVerifications = (sql: Sql, statements: VerificationSql): VerificationBatches => ({
  issue: gather({
    many: (asks) => statements.issueMany(sql, asks),
    alone: ({ keys, fresh }) => statements.issue(sql, keys, fresh),
    about: ({ keys }) => keys.map(({ key }) => key.toString('latin1')),
  }),
  attempt: gather({
    many: (attempts) => statements.attemptMany(sql, attempts),
    alone: (attempt) => statements.attempt(sql, attempt),
    about: ({ id }) => [id],
  }),
})
