import { spawn } from 'node:child_process'
import { readFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { expect, test } from 'vitest'
import { settingsSchema } from '../../src/config/settings.ts'
import { packageRoot } from '../../src/package-root.ts'
import { until } from '../startup/service-process.ts'
import { freePort, startCountersign, temporaryFolder } from '../support/countersign.ts'
import { requirement } from '../support/requirements.ts'

const readme = readFileSync(join(packageRoot, 'README.md'), 'utf8')

test('the README is at most 120 lines', () => {
  expect(readme.split('\n').length).toBeLessThanOrEqual(121)
})

test.skipIf(!requirement('curl'))('the first call works as it is pasted, and a code works once', async () => {
  expect(settingsSchema.shape.PORT.parse(undefined)).toBe(3000)
  const folder = temporaryFolder()
  const port = await freePort()
  const service = startCountersign(['serve'], { PORT: String(port) }, folder)
  await until(30_000, () => service.said().includes('is ready at'))

  const blocks = callsOf(readme).map((block) => block.replaceAll('localhost:3000', `localhost:${port}`))
  expect(blocks).toHaveLength(3)
  const said = await bash(folder, [...blocks, 'echo', blocks.at(-1)].join('\n'))
  const [sent, code, approved, again] = said.split('\n').filter(Boolean)
  expect(JSON.parse(sent ?? '')).toMatchObject({ status: 'pending', to: { email: 'ana@example.org' } })
  expect(code).toMatch(/^\d{3} ?\d{3}$/)
  expect(JSON.parse(approved ?? '')).toMatchObject({ status: 'approved' })
  expect(JSON.parse(again ?? '')).toMatchObject({ code: 'code_used' })
})

/** The blocks of shell under "A first call". */
function callsOf(text: string): string[] {
  const section = /^## A first call$([\s\S]*?)^## /m.exec(text)?.[1] ?? ''
  return [...section.matchAll(/```sh\n([\s\S]*?)```/g)].map(([, block = '']) => block.trim())
}

/** As a person's shell would run it, with the Node of this test run first. @returns standard output */
async function bash(cwd: string, script: string): Promise<string> {
  const path = `${dirname(process.execPath)}:${process.env.PATH}`
  const shell = spawn('bash', ['-c', script], { cwd, env: { ...process.env, PATH: path } })
  let said = ''
  for await (const chunk of shell.stdout.setEncoding('utf8')) said += chunk
  return said
}
