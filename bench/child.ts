import { spawn } from 'node:child_process'
import { once } from 'node:events'

export type Child = AsyncDisposable & {
  pid: number
  /** What it said when it was ready. */
  said: RegExpExecArray
  /** Milliseconds from its start to that. */
  readyAfter: number
}

type Start = { file: string; args?: string[]; env?: NodeJS.ProcessEnv; ready: RegExp; cwd?: string }

/** Starts a Node program and waits until it says, on either stream, that it is ready. It ends with the benchmark. */
export async function startChild({ file, args = [], env, ready, cwd }: Start): Promise<Child> {
  const began = performance.now()
  const child = spawn(process.execPath, [file, ...args], {
    stdio: ['ignore', 'pipe', 'pipe'],
    env: { ...process.env, ...env },
    ...(cwd !== undefined && { cwd }),
  })
  const end = () => child.kill('SIGKILL')
  process.once('exit', end)
  const gone = once(child, 'exit')

  const { promise: isReady, resolve, reject } = Promise.withResolvers<RegExpExecArray>()
  let text = ''
  const hear = (chunk: Buffer) => {
    if (text.length > 100_000) return
    text += chunk
    const said = ready.exec(text)
    if (said) resolve(said)
  }
  child.stdout.on('data', hear)
  child.stderr.on('data', hear)
  void gone.then(([status]) => reject(new Error(`${file} ended with status ${status}:\n${text}`)))
  const said = await isReady
  return {
    pid: child.pid ?? 0,
    said,
    readyAfter: performance.now() - began,
    async [Symbol.asyncDispose]() {
      child.kill('SIGTERM')
      await gone
      process.off('exit', end)
    },
  }
}

/** Runs a Node program to its end. @returns what it wrote to standard output */
export async function runToEnd(file: string, args: string[], env: NodeJS.ProcessEnv): Promise<string> {
  const child = spawn(process.execPath, [file, ...args], {
    stdio: ['ignore', 'pipe', 'ignore'],
    env: { ...process.env, ...env },
  })
  let text = ''
  child.stdout.on('data', (chunk: Buffer) => {
    text += chunk
  })
  const [status] = await once(child, 'close')
  if (status !== 0) throw new Error(`${file} ${args.join(' ')} ended with status ${status}.`)
  return text
}
