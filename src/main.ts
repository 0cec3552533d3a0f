#!/usr/bin/env node
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { Command, Option } from 'commander'
import { nearest } from './core/nearest.ts'
import { packageRoot } from './package-root.ts'
import type { Role } from './service.ts'

const { version } = JSON.parse(readFileSync(join(packageRoot, 'package.json'), 'utf8'))

const program = new Command('countersign')
  .description('Account security: verification codes that arrive, and security info.')
  .version(version)
  .showHelpAfterError()

program
  .command('serve', { isDefault: true })
  .description('run the service')
  .addOption(
    new Option('--role <role>', 'what this process does').choices(['all', 'web', 'worker']).default('all'),
  )
  .action(async ({ role }: { role: Role }) => (await import('./cli/serve.ts')).serve(role))

const apiKeys = program.command('api-keys').description('keys with which applications use the API')
apiKeys
  .command('create <application>')
  .description('make a key; the application comes to be with its first one')
  .option('--name <name>', 'what this key is for', 'default')
  .action(async (application: string, { name }: { name: string }) =>
    (await import('./cli/api-keys.ts')).create(application, name),
  )
apiKeys
  .command('list')
  .description('all keys, without their secrets')
  .action(async () => (await import('./cli/api-keys.ts')).list())
apiKeys
  .command('revoke <id>')
  .description('end a key; every process refuses it within a second')
  .action(async (id: string) => (await import('./cli/api-keys.ts')).revoke(id))

program
  .command('keyring')
  .description('the keys that guard codes')
  .command('rotate')
  .description('make a new key current; codes under older ones keep working until they end')
  .action(async () => (await import('./cli/keyring.ts')).rotate())

program
  .command('admin')
  .description('administrators')
  .command('invite')
  .description('make a link that makes the first administrator; it works once, for an hour')
  .action(async () => (await import('./cli/admin.ts')).invite())

program
  .command('export')
  .description('write everything to a file, for another installation or as a backup; the service may go on')
  .option('--out <file>', 'the file to write; without it, standard output')
  .option('--with-keyring', 'with the key ring: whoever has the file can then use its keys')
  .action(async (options: { out?: string; withKeyring?: true }) =>
    (await import('./cli/export.ts')).exportAll(options),
  )

program
  .command('import <file>')
  .description('read an export into an empty installation')
  .action(async (file: string) => (await import('./cli/import.ts')).importAll(file))

/** With a default command, commander takes a word that is none for an argument of that. */
const [word] = process.argv.slice(2)
const words = [...program.commands.map((command) => command.name()), 'help']
if (word !== undefined && !word.startsWith('-') && !words.includes(word)) {
  const meant = nearest(word, words)
  program.error(`error: unknown command '${word}'${meant === undefined ? '' : ` (is ${meant} meant?)`}`)
}

await program.parseAsync().catch(async (fault) => (await import('./cli/fail.ts')).fail(fault))
