import { type ChildProcessWithoutNullStreams, execFile, spawn } from 'node:child_process'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { promisify } from 'node:util'
import { requirement } from './requirements.ts'

/** Where w3m is, or undefined on a laptop without it. */
export const w3mPath = requirement('w3m')

const redraw = '\x0c'
const patience = 60_000
const lookEvery = 150

const environment = (home: string) => ({ ...process.env, HOME: home, TERM: 'xterm', LANG: 'C.UTF-8' })

/** A page as w3m writes it out, without anybody at the keys. */
export async function dumped(url: string): Promise<string> {
  const home = mkdtempSync(join(tmpdir(), 'w3m-'))
  try {
    const shown = promisify(execFile)(w3mPath ?? '', ['-dump', '-cols', '90', url], {
      env: environment(home),
    })
    return (await shown).stdout
  } finally {
    rmSync(home, { recursive: true, force: true })
  }
}

/** w3m in a terminal of its own, tall enough for a whole page, driven by its keys. */
export function openW3m(url: string) {
  const home = mkdtempSync(join(tmpdir(), 'w3m-'))
  const command = `stty rows 150 cols 100; exec ${w3mPath} -cookie -o confirm_qq=0 '${url}'`
  const terminal: ChildProcessWithoutNullStreams = spawn('script', ['-qfec', command, '/dev/null'], {
    env: { ...environment(home), SHELL: '/bin/sh' },
  })
  let written = ''
  terminal.stdout.setEncoding('utf8')
  terminal.stdout.on('data', (text: string) => {
    written += text
  })
  const keys = (text: string) => terminal.stdin.write(text)

  /** What stands on the screen, drawn anew and without its colours. */
  async function screen(): Promise<string> {
    written = ''
    keys(redraw)
    await sleep(lookEvery)
    return withoutEscapes(written)
  }

  /** Waits until the screen shows a text. */
  async function sees(text: string): Promise<string> {
    let shown = ''
    for (const until = performance.now() + patience; performance.now() < until; ) {
      shown = await screen()
      if (shown.includes(text)) return shown
    }
    throw new Error(`w3m never shows "${text}", but: ${shown}`)
  }

  const search = (text: string) => keys(`g/${text}\r`)

  return {
    sees,
    /** Goes to the field after a label and types into it; w3m asks for the text in its last line. */
    async fill(label: string, text: string) {
      search(label)
      keys('\t\r')
      await sleep(lookEvery)
      keys(`${text}\r`)
    },
    /** A button begins its line. */
    press(button: string) {
      search(`^${button}`)
      keys('\r')
    },
    follow(link: string) {
      search(link)
      keys('\r')
    },
    async close() {
      const ended = new Promise((resolve) => terminal.once('exit', resolve))
      keys('q')
      const late = setTimeout(() => terminal.kill('SIGKILL'), 5_000)
      await ended
      clearTimeout(late)
      rmSync(home, { recursive: true, force: true })
    },
  }
}

const withoutEscapes = (text: string): string =>
  text.replace(/\x1b\[[0-9;?]*[A-Za-z]|\x1b[()][A-Z0-9]|\x1b[=>]/g, ' ').replace(/\s+/g, ' ')
