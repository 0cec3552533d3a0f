#!/usr/bin/env node
import { Command, Option } from 'commander'
import type { Role } from './service.ts'

const program = new Command('countersign')
  .description('Account security: verification codes that arrive, security info, and a way back in.')
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

await program.parseAsync().catch(async (fault) => (await import('./cli/fail.ts')).fail(fault))
