/** better-auth's email-OTP plugin as its documentation sets it up, its limits off; runs in the folder it is installed in. */
import { randomBytes } from 'node:crypto'
import { createServer } from 'node:http'
import { betterAuth } from 'better-auth'
import { getMigrations } from 'better-auth/db/migration'
import { toNodeHandler } from 'better-auth/node'
import { emailOTP } from 'better-auth/plugins'
import pg from 'pg'

const codes = new Map()
const pool = new pg.Pool({
  connectionString: process.env.DATABASE_URL,
  max: Number(process.env.DATABASE_POOL),
})
const auth = betterAuth({
  baseURL: 'http://localhost',
  secret: randomBytes(32).toString('base64'),
  database: pool,
  rateLimit: { enabled: false },
  telemetry: { enabled: false },
  logger: { level: 'error' },
  plugins: [
    emailOTP({
      async sendVerificationOTP({ email, otp }) {
        codes.set(email, otp)
      },
    }),
  ],
})
await (await getMigrations(auth.options)).runMigrations()

const handle = toNodeHandler(auth)
const server = createServer((request, response) => {
  if (request.url !== '/codes') return handle(request, response)
  // Between the timed parts: the codes that would have been mailed.
  response.end(JSON.stringify([...codes]))
  codes.clear()
})
server.keepAliveTimeout = 75_000
server.listen(0, '127.0.0.1', () => console.log(`listening on ${server.address().port}`))
