import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { findBinaries } from './binaries.ts'
import { database, ensureCluster, role } from './cluster.ts'
import { prepareDataDir } from './data-dir.ts'
import { lockFolder } from './folder-lock.ts'
import { stopOrphan } from './orphan.ts'
import { choosePostgresUser } from './postgres-user.ts'
import { identify } from './process-identity.ts'
import { removeLeftSocketFolder, removeRunningNote, writeRunningNote } from './running-note.ts'
import {
  type Connection,
  type EmbeddedLog,
  type Exit,
  leftover,
  type ServerProcess,
  spawnServer,
  untilReady,
} from './server-process.ts'
import { serverArguments } from './server-settings.ts'
import { makeSocketFolder, port } from './socket-folder.ts'

export type EmbeddedPostgres = {
  /** Stays the same over restarts: a pool that reconnects needs to learn nothing. */
  readonly connection: Connection
  /** Of the server that runs now; another one after a restart. */
  readonly pid: number
  /** Leaves word for commands of where people reach the service. */
  noteUrl(url: string): void
  /** Told each time the server ends without having been asked to. */
  onExit(listener: (exit: UnexpectedExit) => void): void
  /** Shuts down cleanly (open transactions are rolled back) and gives the folder free; at most 5 s. */
  stop(): Promise<void>
}

/** `restarting: false` means it has ended for good: the service can only end too. */
type UnexpectedExit = Exit & { restarting: boolean }

/** After this many restarts in a row that did not hold, the cause is not one that a restart mends. */
const maxRestarts = 5

/** A server that ran this long before ending is restarted as if it were the first time. */
const steadyAfter = 30_000

/** The backends of a server that was killed go away within moments; until then a new one refuses to start. */
const leftoverPatience = 3_000

/**
 * Runs the bundled PostgreSQL as our child on DATA_DIR/postgres, which is made the first time. It listens on a
 * private socket only, and is started again whenever it ends by itself. When we are killed it ends too, or
 * else is stopped at the next start.
 *
 * @throws EmbeddedError, whose message says what to do: the folder is in use by another process, can't be
 *   written to, or there is no PostgreSQL for this platform
 */
export async function openEmbeddedPostgres(options: {
  dataDir: string
  log: EmbeddedLog
}): Promise<EmbeddedPostgres> {
  const { log } = options
  const binaries = findBinaries()
  const dataDir = prepareDataDir(options.dataDir)
  const lock = await lockFolder(dataDir)
  try {
    const dataFolder = join(dataDir, 'postgres')
    await stopOrphan(dataFolder)
    removeLeftSocketFolder(dataDir)
    const user = choosePostgresUser(dataFolder, [dataFolder, binaries.postgres])
    await ensureCluster(dataDir, binaries, user)
    const socket = makeSocketFolder(dataDir, user)
    const connection = { host: socket.path, port, user: role, database, ssl: false as const }
    const start = () =>
      startServer(dataFolder, connection, () =>
        spawnServer(binaries, user, serverArguments(dataFolder, socket.path, port), log),
      )
    try {
      const supervised = supervise(await start(), start, log)
      const note = { holder: identify(process.pid)!, connection }
      writeRunningNote(dataDir, note)
      return {
        connection,
        get pid() {
          return supervised.server().pid
        },
        noteUrl: (url) => writeRunningNote(dataDir, { ...note, url }),
        onExit: supervised.onExit,
        async stop() {
          await supervised.stop()
          removeRunningNote(dataDir)
          socket.remove()
          lock.release()
        },
      }
    } catch (error) {
      socket.remove()
      throw error
    }
  } catch (error) {
    lock.release()
    throw error
  }
}

async function startServer(
  dataFolder: string,
  connection: Connection,
  spawn: () => ServerProcess,
): Promise<ServerProcess> {
  for (const deadline = performance.now() + leftoverPatience; ; await sleep(50)) {
    const server = spawn()
    try {
      await untilReady(server, connection)
      return server
    } catch (error) {
      if (!leftover.test(server.lastComplaint()) || performance.now() > deadline) {
        server.kill('SIGQUIT')
        await server.exited
        throw error
      }
      // Either the remains of a killed server, or one that a killed process of ours had only just begun.
      await stopOrphan(dataFolder)
    }
  }
}

function supervise(first: ServerProcess, start: () => Promise<ServerProcess>, log: EmbeddedLog) {
  const listeners: ((exit: UnexpectedExit) => void)[] = []
  let server = first
  let startedAt = performance.now()
  let restarts = 0
  let stopping = false
  let restarting: Promise<void> = Promise.resolve()

  function watch(): void {
    void server.exited.then((exit) => {
      if (stopping) return
      restarting = restart(exit)
    })
  }

  async function restart(exit: Exit): Promise<void> {
    if (performance.now() - startedAt > steadyAfter) restarts = 0
    const again = restarts < maxRestarts
    const how = exit.signal ?? `status ${exit.code}`
    if (again) log.warn(`PostgreSQL ended by itself (${how}) and is started again.`)
    else log.error(`PostgreSQL ended by itself (${how}) ${maxRestarts + 1} times in a row and is given up.`)
    for (const listener of listeners) listener({ ...exit, restarting: again })
    if (!again) return

    // At once the first time, then after 0.2, 0.4, 0.8, 1.6 s.
    if (restarts > 0) await sleep(100 * 2 ** restarts)
    restarts += 1
    if (stopping) return
    try {
      server = await start()
      startedAt = performance.now()
      watch()
    } catch (error) {
      log.error((error as Error).message)
      await restart({ code: 1, signal: null })
    }
  }

  watch()
  return {
    server: () => server,
    onExit: (listener: (exit: UnexpectedExit) => void) => {
      listeners.push(listener)
    },
    async stop() {
      stopping = true
      await restarting
      await shutDown(server)
    },
  }
}

/** SIGINT rolls back what is open and writes a last checkpoint; SIGQUIT, if that takes too long, leaves it to recovery. */
async function shutDown(server: ServerProcess): Promise<void> {
  server.kill('SIGINT')
  const hurry = setTimeout(() => server.kill('SIGQUIT'), 4000)
  const end = setTimeout(() => server.kill('SIGKILL'), 4800)
  await server.exited
  clearTimeout(hurry)
  clearTimeout(end)
}
