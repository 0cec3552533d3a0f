import { existsSync, readdirSync, readFileSync, writeFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { expect, test } from 'vitest'
import { pages } from '../../scripts/docs/pages.ts'
import { policyFile } from '../../scripts/docs/settings.ts'
import { readPolicy } from '../../src/config/policy-file.ts'
import { parsePhone } from '../../src/core/address.ts'
import { defaultPolicy } from '../../src/core/policy.ts'
import { catalogue } from '../../src/locales/catalogue.ts'
import { packageRoot } from '../../src/package-root.ts'
import { temporaryFolder } from '../support/countersign.ts'

const read = (file: string) => readFileSync(join(packageRoot, file), 'utf8')
const markdown = [
  ...['README.md', 'CHANGELOG.md', 'CONTRIBUTING.md', 'SECURITY.md'],
  ...readdirSync(join(packageRoot, 'docs'), { recursive: true, encoding: 'utf8' })
    .filter((name) => name.endsWith('.md'))
    .map((name) => join('docs', name)),
]

test('what is made of the code is up to date: else npm run docs', async () => {
  for (const { file, written, made } of await pages()) expect(written, file).toBe(made)
})

test('the default policy, as configuration.md shows it, is a policy file that changes nothing', () => {
  const file = join(temporaryFolder(), 'policy.json')
  writeFileSync(file, policyFile().replaceAll('```json', '').replaceAll('```', ''))
  expect(readPolicy(file)).toEqual({ ok: true, policy: defaultPolicy })
})

test('every example of a policy file can be used', () => {
  for (const [, json] of read('docs/configuration.md').matchAll(/```json\n([\s\S]*?)```/g)) {
    const file = join(temporaryFolder(), 'policy.json')
    writeFileSync(file, json ?? '')
    expect(readPolicy(file)).toMatchObject({ ok: true })
  }
})

test.each(markdown)('every link in %s leads somewhere', (file) => {
  for (const [, target = '', anchor] of read(file).matchAll(/\]\(([^)#\s]*)(?:#([^)]*))?\)/g)) {
    if (/^https?:/.test(target)) continue
    const path = target === '' ? file : join(dirname(file), target)
    expect(existsSync(join(packageRoot, path)), `${file}: ${target}`).toBe(true)
    if (anchor !== undefined) expect(anchorsOf(path), `${file}: ${target}#${anchor}`).toContain(anchor)
  }
})

const anchorsOf = (file: string): string[] =>
  [...read(file).matchAll(/^#+ (.*)$/gm)].map(([, heading = '']) =>
    heading
      .toLowerCase()
      .replace(/[^\w\- ]/g, '')
      .replaceAll(' ', '-'),
  )

test('every npm script that a page names exists', () => {
  const { scripts } = JSON.parse(read('package.json')) as { scripts: Record<string, string> }
  for (const file of markdown) {
    for (const [, name = ''] of read(file).matchAll(/npm run (?:--silent )?([a-z]+)/g))
      expect(Object.keys(scripts), file).toContain(name)
  }
})

test('decisions are numbered without a gap, and each says its number', () => {
  const names = readdirSync(join(packageRoot, 'docs/decisions')).sort()
  names.forEach((name, index) => {
    expect(Number(name.slice(0, 4)), name).toBe(index + 1)
    expect(read(`docs/decisions/${name}`)).toMatch(new RegExp(`^# ${index + 1}\\. `))
  })
})

test('a phone number that a refusal gives as an example is one', () => {
  for (const locale of ['en', 'ar'] as const) {
    const example =
      /\+[\d ]+\d/.exec(catalogue(locale).get('refusal.phone_malformed.detail') ?? '')?.[0] ?? ''
    expect(parsePhone(example), example).toMatchObject({ ok: true })
  }
})
