import { existsSync } from 'node:fs'

/** Real programs that some tests talk to: the files each needs (the first is what `requirement` gives), and Debian's packages. */
export const requirements = {
  chromium: {
    files: ['/usr/bin/chromium'],
    packages: 'chromium fonts-noto-core fonts-noto-mono fonts-noto-cjk',
  },
  postfix: { files: ['/usr/sbin/postfix'], packages: 'postfix' },
  opendkim: { files: ['/usr/sbin/opendkim'], packages: 'opendkim opendkim-tools' },
  'postgresql-15': {
    files: ['/usr/lib/postgresql/15/bin/postgres', '/usr/lib/postgresql/15/bin/initdb'],
    packages: 'postgresql-15',
  },
  kannel: {
    files: ['/usr/sbin/bearerbox', '/usr/sbin/smsbox', '/usr/lib/kannel/test/fakesmsc'],
    packages: 'kannel kannel-extras',
  },
  w3m: { files: ['/usr/bin/w3m'], packages: 'w3m' },
  curl: { files: ['/usr/bin/curl'], packages: 'curl' },
  zbar: { files: ['/usr/bin/zbarimg'], packages: 'zbar-tools' },
  oathtool: { files: ['/usr/bin/oathtool'], packages: 'oathtool' },
} satisfies Record<string, { files: [string, ...string[]]; packages: string }>

export type Requirement = keyof typeof requirements

/**
 * Where the program is. On a laptop without it the tests that use it are skipped (`test.skipIf(!path)`), and
 * the end of the run says so.
 *
 * @throws in CI, where nothing is ever skipped
 */
export function requirement(name: Requirement): string | undefined {
  const { files, packages } = requirements[name]
  if (files.every((file) => existsSync(file))) return files[0]
  if (process.env.CI === 'true')
    throw new Error(`${name} is missing. Add its packages to .ci/run: ${packages}`)
  return undefined
}

/** The programs that this machine lacks. */
export function missingRequirements(): Requirement[] {
  return (Object.keys(requirements) as Requirement[]).filter(
    (name) => !requirements[name].files.every((file) => existsSync(file)),
  )
}
