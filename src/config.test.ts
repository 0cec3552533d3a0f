import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join, resolve } from 'node:path'
import { afterAll, describe, expect, test } from 'vitest'
import { settingsSchema } from './config/settings.ts'
import { ConfigMistakes, readConfig } from './config.ts'
import { defaultPolicy } from './core/policy.ts'
import { days, ever, minutes, seconds } from './core/time.ts'

const folder = mkdtempSync(join(tmpdir(), 'countersign-config-'))
afterAll(() => rmSync(folder, { recursive: true }))

function file(name: string, content: string): string {
  const path = join(folder, name)
  writeFileSync(path, content)
  return path
}
const nowhere = join(folder, 'nothing-here')
const read = (environment: Record<string, string>, envFile = nowhere) => readConfig(environment, envFile)

function mistakes(environment: Record<string, string>, envFile = nowhere): readonly string[] {
  try {
    read(environment, envFile)
    return []
  } catch (fault) {
    if (fault instanceof ConfigMistakes) return fault.mistakes
    throw fault
  }
}

const smtp = {
  SMTP_URL: 'smtp://user:secret@mail.example.com:587',
  PUBLIC_URL: 'https://account.example.com',
}

describe('without any setting', () => {
  test('it runs on loopback, with the built-in inbox and an own database', () => {
    const config = read({})
    expect(config).toMatchObject({
      PORT: 3000,
      HOST: '127.0.0.1',
      publicUrl: 'http://localhost:3000',
      DATA_DIR: resolve('data'),
      keyringFile: resolve('data/keyring'),
      mailFrom: 'codes@localhost',
      inbox: true,
      TRUSTED_PROXIES: [],
      OPERATOR_NAME: 'Countersign',
    })
    expect([config.DATABASE_URL, config.METRICS_PORT]).toEqual([undefined, undefined])
  })

  test('texts to all countries end in the inbox; with a mail server phones are off until countries are listed', () => {
    expect(read({}).policy.phones.countries.length).toBeGreaterThan(200)
    expect(read(smtp).policy.phones.countries).toEqual([])
    const POLICY_FILE = file('gb.json', '{"phones":{"countries":["GB"]}}')
    expect(read({ POLICY_FILE }).policy.phones.countries).toEqual(['GB'])
  })
})

describe('where settings come from', () => {
  test('the environment wins over .env, and what is empty is not set', () => {
    const envFile = file('.env', 'PORT=4000\nOPERATOR_NAME="Harbour Library"\nHOST=\n')
    expect(read({ PORT: '5000', SUPPORT_ADDRESS: '' }, envFile)).toMatchObject({
      PORT: 5000,
      OPERATOR_NAME: 'Harbour Library',
      HOST: '127.0.0.1',
    })
  })

  test('mail comes from codes@ and the host of PUBLIC_URL, unless MAIL_FROM says otherwise', () => {
    expect(read(smtp)).toMatchObject({ mailFrom: 'codes@account.example.com', inbox: false })
    expect(read({ ...smtp, MAIL_FROM: 'hello@example.com' }).mailFrom).toBe('hello@example.com')
  })

  test('with PORT 0 the address is not known until the port is', () => {
    expect(read({ PORT: '0' }).publicUrl).toBeUndefined()
  })

  test('a folder is taken from where the service was started', () => {
    expect(read({ DATA_DIR: 'elsewhere', KEYRING_FILE: './ring' })).toMatchObject({
      DATA_DIR: resolve('elsewhere'),
      keyringFile: resolve('ring'),
    })
  })
})

/** For each setting, what it takes and what it does not. */
const values: Record<string, { good: string[]; bad: string[] }> = {
  PORT: { good: ['0', '80', '65535'], bad: ['-1', '65536', '3000.5', 'http', '3000;'] },
  METRICS_PORT: { good: ['9090'], bad: ['x', '70000'] },
  PUBLIC_URL: {
    good: ['http://localhost:3000', 'http://127.0.0.1', 'http://[::1]:3000', 'http://localhost:3000/'],
    bad: [
      'localhost:3000',
      'ftp://localhost',
      'http://account.example.com',
      'http://localhost/path',
      'http://localhost/?x',
      'http://localhost/#x',
      'http://user@localhost',
      'javascript:alert(1)',
      'http://127.0.0.1.example.com',
      'http://localhost.example.com',
    ],
  },
  DATABASE_URL: {
    good: ['postgres://u:p@db.example.com/x', 'postgresql:///x?host=/var/run/postgresql'],
    bad: ['mysql://x', 'db.example.com', '/var/run/postgresql'],
  },
  DATABASE_POOL: { good: ['1', '500'], bad: ['0', '501', '1.5', 'many'] },
  DATABASE_PREPARED_STATEMENTS: { good: ['on', 'off'], bad: ['true', '1', 'ON'] },
  SMTP_URL: {
    good: ['smtp://localhost:25', 'smtps://u:p@mail.example.com'],
    bad: ['mail.example.com', 'http://mail.example.com', 'smtp://', 'smtp:mail'],
  },
  SMTP_CONNECTIONS: { good: ['1', '100'], bad: ['0', '101'] },
  SMTP_CA_FILE: { good: [], bad: [nowhere, folder] },
  DKIM_KEY_FILE: { good: [], bad: [nowhere] },
  MAIL_FROM: {
    good: ['codes@example.com'],
    bad: ['Codes <codes@example.com>', 'codes', 'a@b.cc\r\nBcc: d@e.ff'],
  },
  SUPPORT_ADDRESS: { good: ['help@example.com'], bad: ['help'] },
  OPERATOR_NAME: { good: ['Harbour'], bad: ['x'.repeat(65)] },
  OUTBOX_CONCURRENCY: { good: ['1', '1000'], bad: ['0', '1001'] },
  TRUSTED_PROXIES: {
    good: ['10.0.0.1', '10.0.0.0/8, ::1', 'fd00::/8'],
    bad: ['proxy.example.com', '10.0.0.0/33', '10.0.0', '1', '10.0.0.1-10.0.0.9'],
  },
  LOG_LEVEL: { good: ['debug', 'silent'], bad: ['verbose', 'INFO'] },
}

describe('a setting', () => {
  test.for(Object.entries(values))('%s takes what it should and nothing else', ([name, { good, bad }]) => {
    expect(Object.keys(settingsSchema.shape)).toContain(name)
    const base: Record<string, string> =
      name === 'SMTP_URL' ? { PUBLIC_URL: 'https://account.example.com' } : {}
    for (const value of good) expect(mistakes({ ...base, [name]: value }), `${name}=${value}`).toEqual([])
    for (const value of bad) {
      const told = mistakes({ ...base, [name]: value })
      expect(
        told.some((line) => line.startsWith(name)),
        `${name}=${value}: ${told}`,
      ).toBe(true)
    }
  })

  test.for(Object.entries(settingsSchema.shape))('%s says what it is for', ([, shape]) => {
    expect(shape.description).toMatch(/\.$/)
  })
})

describe('mistakes', () => {
  test('are told all at once, each with a hint', () => {
    const told = mistakes({
      PORT: 'x',
      PUBLIC_URL: 'http://example.com',
      DATABASE_POOL: '0',
      MAIL_FROM: 'nobody',
      POLICY_FILE: file('bad.json', '{"code":{"tries":0}}'),
    })
    expect(told).toHaveLength(5)
    for (const name of ['PORT', 'PUBLIC_URL', 'DATABASE_POOL', 'MAIL_FROM', 'POLICY_FILE']) {
      expect(told.filter((line) => line.startsWith(name))).toHaveLength(1)
    }
    for (const line of told) expect(line.length).toBeGreaterThan(30)
    expect(told.find((line) => line.startsWith('PUBLIC_URL'))).toContain('https:')
  })

  test('are told all at once, those of files and of settings against each other too', () => {
    const told = mistakes({
      PORT: 'x',
      HOST: '0.0.0.0',
      DKIM_KEY_FILE: nowhere,
      LOGO_FILE: nowhere,
      PLACES_FILE: nowhere,
      SMTP_CA_FILE: nowhere,
      POLICY_FILE: nowhere,
      KEYRING_FILE: file('ring', '{"version":1,"lookup":"","keys":[]}'),
      TRUSTED_PROXIES: 'proxy',
      DATABASE_URL: `postgres://db/x?sslrootcert=${nowhere}`,
    })
    for (const name of [
      'PORT',
      'HOST',
      'DKIM_KEY_FILE',
      'DKIM_SELECTOR',
      'LOGO_FILE',
      'PLACES_FILE',
      'SMTP_CA_FILE',
      'POLICY_FILE',
      'KEYRING_FILE',
      'TRUSTED_PROXIES',
      'DATABASE_URL',
    ]) {
      expect(
        told.filter((line) => line.startsWith(name)),
        name,
      ).toHaveLength(1)
    }
    expect(told).toHaveLength(11)
  })

  test('of a file .env that cannot be read are told', () => {
    expect(mistakes({}, folder)).toEqual([`The file ${folder} can't be read (EISDIR).`])
  })

  test.for([
    ['empty', ''],
    ['no ring', '{}'],
    ['a ring without a key', '{"version":1,"lookup":"AAAA","keys":[]}'],
  ])('are told of a key ring that is %s', ([, content = '']) => {
    const told = mistakes({ KEYRING_FILE: file('ring', content) })
    expect(told).toEqual([
      expect.stringMatching(/^KEYRING_FILE .*ring is no key ring\. Put it back from a backup/),
    ])
  })

  test('of an address of a mail server say how to write it', () => {
    for (const [url, hint] of [
      ['smtp://u:100%@mail.example.com', '%25'],
      ['smtp://u:a/b@mail.example.com', '%2F'],
      ['smtp://u:a#b@mail.example.com', '%23'],
      ['smtp://u:a?b@mail.example.com', '%3F'],
      ['smtp://mail.example.com?secure=true', 'smtps://'],
      ['smtp://mail.example.com/x', 'no path'],
    ] as const) {
      const [told] = mistakes({ ...smtp, SMTP_URL: url })
      expect(told).toMatch(/^SMTP_URL /)
      expect(told).toContain(hint)
    }
  })

  test('of PGSSLMODE are told, which the address has to say', () => {
    const set = { DATABASE_URL: 'postgres://db/x', PGSSLMODE: 'verify-full' }
    expect(mistakes(set)).toEqual([expect.stringContaining('Add ?sslmode=verify-full')])
    expect(mistakes({ ...set, DATABASE_URL: 'postgres://db/x?sslmode=require' })).toEqual([])
    expect(mistakes({ PGSSLMODE: 'require' })).toEqual([])
  })

  test.for([
    ['the inbox where others can reach it', { HOST: '0.0.0.0' }, 'HOST'],
    ['the inbox where others can reach it, over IPv6', { HOST: '::' }, 'HOST'],
    ['the inbox under an address of the world', { PUBLIC_URL: 'https://account.example.com' }, 'PUBLIC_URL'],
    ['mail from nowhere', { SMTP_URL: smtp.SMTP_URL }, 'MAIL_FROM'],
    ['a selector without a key', { ...smtp, DKIM_SELECTOR: 's1' }, 'DKIM_KEY_FILE'],
    ['a key without a selector', { ...smtp, DKIM_KEY_FILE: import.meta.filename }, 'DKIM_SELECTOR'],
  ] as const)('of one setting with another are told: %s', ([, environment, name]) => {
    const told = mistakes({ ...environment })
    expect(told).toHaveLength(1)
    expect(told[0]).toMatch(new RegExp(`^${name}\\b`))
  })

  test('never say a secret', () => {
    const told = mistakes({
      SMTP_URL: 'http://user:hunter2@mail.example.com',
      DATABASE_URL: 'mysql://user:hunter2@db.example.com/x',
      PUBLIC_URL: 'https://user:hunter2@example.com',
    })
    expect(told).toHaveLength(3)
    expect(told.join('\n')).not.toContain('hunter2')
  })
})

describe('a name that is no setting', () => {
  test.for([
    ['SMPT_URL', 'SMTP_URL'],
    ['DATABASE_URI', 'DATABASE_URL'],
    ['COUNTERSIGN_PUBLIC_URL', 'PUBLIC_URL'],
    ['PROT', 'PORT'],
  ] as const)('%s is warned of, and %s named', ([name, meant]) => {
    expect(read({ [name]: 'x' }).warnings).toEqual([`${name} is set and is no setting. Is ${meant} meant?`])
  })

  test('and like none is of no concern', () => {
    const usual = [
      'PATH',
      'HOME',
      'HOSTNAME',
      'LANG',
      'USER',
      'PWD',
      'TERM',
      'NODE_ENV',
      'PGHOST',
      'MAIL',
      'TZ',
    ]
    expect(read(Object.fromEntries(usual.map((name) => [name, 'x']))).warnings).toEqual([])
  })

  test('is named beside mistakes, which it may be behind', () => {
    try {
      read({ SMPT_URL: 'smtp://mail.example.com', PUBLIC_URL: 'https://account.example.com' })
      expect.unreachable()
    } catch (fault) {
      expect((fault as ConfigMistakes).warnings).toEqual([expect.stringContaining('Is SMTP_URL meant?')])
    }
  })
})

describe('the policy file', () => {
  const policy = (content: unknown) =>
    read({ POLICY_FILE: file('policy.json', JSON.stringify(content)) }).policy
  const policyMistakes = (content: string) => mistakes({ POLICY_FILE: file('policy.json', content) })

  test('holds only what differs', () => {
    const made = policy({
      code: { lifetime: '5 min' },
      limits: { email: { sends: [{ most: 2, within: '1 h' }] } },
    })
    expect(made.code).toEqual({ ...defaultPolicy.code, lifetime: minutes(5) })
    expect(made.limits.email).toEqual({
      sends: [{ most: 2, within: minutes(60) }],
      failures: defaultPolicy.limits.email.failures,
    })
    expect(made.limits.phone).toEqual(defaultPolicy.limits.phone)
    expect(policy({}).limits).toEqual(defaultPolicy.limits)
  })

  test('may lower the wrong codes in a row on one item, which nothing but a proof begins anew', () => {
    const made = policy({ limits: { item_codes: { failures: [{ most: 50, within: 'ever' }] } } })
    expect(made.limits.item_codes).toEqual({ sends: [], failures: [{ most: 50, within: ever }] })
  })

  test.for([
    ['500 ms', 500],
    ['30 s', seconds(30)],
    ['30s', seconds(30)],
    ['10 min', minutes(10)],
    ['2 h', minutes(120)],
    ['30 d', days(30)],
  ] as const)('reads %s as a length of time', ([text, length]) => {
    expect(policy({ code: { freshBelow: text } }).code.freshBelow).toBe(length)
  })

  test.for([
    ['a code that lives longer than NIST allows', '{"code":{"lifetime":"11 min"}}', 'code.lifetime'],
    ['a code that is dead before it arrives', '{"code":{"lifetime":"59 s"}}', 'code.lifetime'],
    ['no tries', '{"code":{"tries":0}}', 'code.tries'],
    ['too many tries', '{"code":{"tries":11}}', 'code.tries'],
    ['half a try', '{"code":{"tries":2.5}}', 'code.tries'],
    ['no gaps', '{"code":{"resendGaps":[]}}', 'code.resendGaps'],
    ['a length without a unit', '{"code":{"freshBelow":"600"}}', 'code.freshBelow'],
    ['a length as a number', '{"code":{"freshBelow":600}}', 'code.freshBelow'],
    ['a negative length', '{"code":{"freshBelow":"-1 s"}}', 'code.freshBelow'],
    [
      'a window that lets nothing through',
      '{"limits":{"email":{"sends":[{"most":0,"within":"1 h"}]}}}',
      'most',
    ],
    ['a window of no length', '{"limits":{"email":{"sends":[{"most":1,"within":"0 s"}]}}}', 'within'],
    ['a window without a length', '{"limits":{"email":{"sends":[{"most":1}]}}}', 'within'],
    [
      'more wrong codes in a row on one item than NIST allows',
      '{"limits":{"item_codes":{"failures":[{"most":101,"within":"ever"}]}}}',
      'NIST SP 800-63B-4 §3.2.2',
    ],
    [
      'wrong codes in a row that a wait makes good',
      '{"limits":{"item_codes":{"failures":[{"most":100,"within":"30 d"}]}}}',
      'ever',
    ],
    ['an item that never closes', '{"limits":{"item_codes":{"failures":[]}}}', 'failures'],
    ['a limit that there is not', '{"limits":{"mail":{}}}', 'limits'],
    ['a word that there is not', '{"codes":{}}', 'the file'],
    [
      'a country in small letters',
      '{"phones":{"countries":["gb"]}}',
      'phones.countries.0: gb is not a country code (ISO 3166-1): write GB',
    ],
    [
      'a country by a name that is no code',
      '{"phones":{"countries":["UK"]}}',
      'UK is not a country code (ISO 3166-1): write GB',
    ],
    [
      'a country that there is not',
      '{"phones":{"countries":["GB", "XX"]}}',
      'phones.countries.1: XX is not a country code',
    ],
    ['a share above one', '{"phones":{"prefix":{"leastUsedShare":1.5}}}', 'leastUsedShare'],
    ['a negative budget', '{"phones":{"budget":{"perDay":-1}}}', 'perDay'],
    ['keeping for less than a day', '{"retention":{"verifications":"1 h"}}', 'retention.verifications'],
    ['a prototype', '{"__proto__":{"code":{}}}', 'the file'],
    ['a list', '[]', 'the file'],
    ['nothing', 'null', 'the file'],
    ['no JSON', '{code: 1}', 'JSON'],
    ['an empty file', '', 'JSON'],
  ] as const)('is refused with %s', ([, content, about]) => {
    const told = policyMistakes(content)
    expect(told).toHaveLength(1)
    expect(told[0]).toMatch(/^POLICY_FILE/)
    expect(told[0]).toContain(about)
  })

  test('that is missing is told by its name', () => {
    expect(mistakes({ POLICY_FILE: nowhere })[0]).toContain(nowhere)
  })

  test('has all its mistakes told', () => {
    expect(
      policyMistakes('{"code":{"tries":0,"sends":99},"limits":{"x":{}},"retention":{"inbox":"x"}}'),
    ).toHaveLength(4)
  })
})
