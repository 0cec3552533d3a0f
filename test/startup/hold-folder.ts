/** Opens the bundled PostgreSQL on a folder, as the service does, and keeps it until SIGTERM. Tells its story as JSON lines. */
import { openEmbeddedPostgres } from '../../src/embedded/embedded-postgres.ts'

const tell = (line: object) => process.stdout.write(`${JSON.stringify(line)}\n`)
const began = performance.now()
try {
  const dataDir = process.argv[2]!
  const log = { info() {}, warn() {}, error() {} }
  const server = await openEmbeddedPostgres({ dataDir, log })
  server.onExit(({ signal, restarting }) => tell({ event: 'exit', signal, restarting }))
  tell({ event: 'ready', ms: performance.now() - began, pid: server.pid, connection: server.connection })
  const idle = setInterval(() => {}, 1000)
  process.once('SIGTERM', async () => {
    await server.stop()
    clearInterval(idle)
  })
} catch (error) {
  tell({ event: 'refused', ms: performance.now() - began, message: (error as Error).message })
  process.exitCode = 1
}
