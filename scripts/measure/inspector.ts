/** A Node process that listens for an inspector (`--inspect`), by the Chrome DevTools Protocol. */
export type Inspector = Disposable & {
  call<Answer>(method: string, parameters?: object): Promise<Answer>
}

export async function inspect(url: string): Promise<Inspector> {
  const socket = new WebSocket(url)
  const waiting = new Map<number, (answer: { result?: unknown; error?: { message: string } }) => void>()
  socket.addEventListener('message', ({ data }) => {
    const answer = JSON.parse(String(data))
    waiting.get(answer.id)?.(answer)
    waiting.delete(answer.id)
  })
  await new Promise((resolve, reject) => {
    socket.addEventListener('open', resolve)
    socket.addEventListener('error', () => reject(new Error(`No inspector answers at ${url}.`)))
  })
  let id = 0
  return {
    call<Answer>(method: string, params: object = {}): Promise<Answer> {
      id += 1
      const sent = id
      socket.send(JSON.stringify({ id: sent, method, params }))
      return new Promise((resolve, reject) =>
        waiting.set(sent, ({ result, error }) =>
          error === undefined ? resolve(result as Answer) : reject(new Error(`${method}: ${error.message}`)),
        ),
      )
    },
    [Symbol.dispose]: () => socket.close(),
  }
}
