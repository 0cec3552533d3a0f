import { type Answer, type Connection, openConnection } from './connection.ts'
import type { Job, Outcome, RequestForm } from './job.ts'

type Recorder = {
  /** The next request's number and text; undefined where there are no more. */
  next(): { row: number; request: string } | undefined
  note(row: number, began: number, answer: Answer): void
  outcome(): Outcome
}

export async function run(job: Job): Promise<Outcome> {
  const record = recorder(job)
  const { pace } = job
  if ('rate' in pace) await atRate(job.port, pace.rate, record)
  else await atFullSpeed(job.port, pace.connections, pace.seconds ?? Number.POSITIVE_INFINITY, record)
  return record.outcome()
}

async function atFullSpeed(port: number, count: number, seconds: number, record: Recorder): Promise<void> {
  const connections = await openMany(port, count)
  const end = performance.now() + 1000 * seconds
  await Promise.all(
    connections.map(async (connection) => {
      while (performance.now() < end) {
        const next = record.next()
        if (next === undefined) break
        const began = performance.now()
        record.note(next.row, began, await connection.exchange(next.request))
      }
    }),
  )
  for (const connection of connections) connection.close()
}

/** More connections than any server here leaves waiting; where all are busy, another is opened. */
const openedBeforehand = 64

async function atRate(port: number, rate: number, record: Recorder): Promise<void> {
  const idle = await openMany(port, openedBeforehand)
  const underWay: Promise<void>[] = []
  const send = async ({ row, request }: { row: number; request: string }) => {
    const connection = idle.pop() ?? (await openConnection(port))
    const began = performance.now()
    record.note(row, began, await connection.exchange(request))
    idle.push(connection)
  }
  const start = performance.now()
  for (let sent = 0; ; ) {
    const next = performance.now() >= start + (1000 * sent) / rate ? record.next() : 'not yet'
    if (next === undefined) break
    if (next === 'not yet') await new Promise((resolve) => setTimeout(resolve, 1))
    else {
      underWay.push(send(next))
      sent += 1
    }
  }
  await Promise.all(underWay)
  for (const connection of idle) connection.close()
}

const openMany = (port: number, count: number): Promise<Connection[]> =>
  Promise.all(Array.from({ length: count }, () => openConnection(port)))

function recorder({ request, rows, port }: Job): Recorder {
  const textOf = requestText(request, port)
  const field = request.capture === undefined ? undefined : new RegExp(`"${request.capture}":"([^"]+)"`)
  const latencies: number[] = []
  const sentAt: number[] = []
  const captured: string[] = []
  let start: number | undefined
  let count = 0
  return {
    next() {
      start ??= performance.now()
      const values = Array.isArray(rows) ? rows[count] : [`${rows.prefix}${count}`]
      if (values === undefined) return undefined
      const row = count
      count += 1
      return { row, request: textOf(values) }
    },
    note(row, began, answer) {
      latencies[row] = performance.now() - began
      sentAt[row] = performance.timeOrigin + began
      if (answer.status !== request.expect)
        throw new Error(`${request.path} answered ${answer.status}: ${answer.body}`)
      if (field) captured[row] = field.exec(answer.body)?.[1] ?? ''
    },
    outcome: () => ({ latencies, sentAt, captured, seconds: (performance.now() - (start ?? 0)) / 1000 }),
  }
}

/** Makes the text of a request from a row's values. All of it is ASCII. */
function requestText({ method = 'POST', path, body, headers }: RequestForm, port: number) {
  const fill = (form: string, values: string[]) => form.replace(/\{(\d)\}/g, (_, at) => values[at] ?? '')
  const fixed = Object.entries({ host: `localhost:${port}`, 'content-type': 'application/json', ...headers })
    .map(([name, value]) => `${name}: ${value}\r\n`)
    .join('')
  return (values: string[]): string => {
    const content = fill(body, values)
    return `${method} ${fill(path, values)} HTTP/1.1\r\n${fill(fixed, values)}content-length: ${content.length}\r\n\r\n${content}`
  }
}
