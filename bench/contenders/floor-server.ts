/** Bare `node:http` and `pg`: one named statement, one flush, for each request. */
import { randomUUID } from 'node:crypto'
import { createServer, type IncomingMessage } from 'node:http'
import type { AddressInfo } from 'node:net'
import pg from 'pg'

const pool = new pg.Pool({
  connectionString: process.env.DATABASE_URL,
  max: Number(process.env.DATABASE_POOL),
})
await pool.query(`
  create table issued (
    id uuid primary key,
    email text not null,
    state text not null default 'pending',
    expires_at timestamptz not null,
    ended_at timestamptz
  )`)

const insert = {
  name: 'issue',
  text: `insert into issued (id, email, expires_at) values ($1, $2, statement_timestamp() + interval '10 minutes')`,
}
const update = {
  name: 'check',
  text: `update issued set state = 'approved', ended_at = statement_timestamp() where id = $1 and state = 'pending'`,
}

const server = createServer(async (request, response) => {
  const body = JSON.parse(await textOf(request)) as { id: string; email: string }
  const issuing = request.url === '/issue'
  const id = issuing ? randomUUID() : body.id
  const result = await pool.query(
    issuing ? { ...insert, values: [id, body.email] } : { ...update, values: [id] },
  )
  const text = JSON.stringify({ id })
  response
    .writeHead(result.rowCount !== 1 ? 409 : issuing ? 201 : 200, {
      'Content-Type': 'application/json',
      'Content-Length': text.length,
    })
    .end(text)
})
server.keepAliveTimeout = 75_000
server.listen(0, '127.0.0.1', () => console.log(`listening on ${(server.address() as AddressInfo).port}`))

function textOf(request: IncomingMessage): Promise<string> {
  return new Promise((resolve) => {
    let text = ''
    request.setEncoding('utf8')
    request.on('data', (part: string) => {
      text += part
    })
    request.on('end', () => resolve(text))
  })
}
