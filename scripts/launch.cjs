// biome-ignore-all lint/style/useNodejsImportProtocol: Node 12 does not know "node:"
/**
 * What `npm start`, `npm test` and the others run.
 *
 * A newcomer has git, npm and some Node, perhaps an old one. So this file and its neighbours are plain
 * JavaScript without dependencies that any Node from 12 on can run; they install what the lock file says,
 * pick a Node of 24 or newer, build, and hand over to the real program.
 *
 * Everything said here goes to stderr: stdout belongs to the program.
 */
'use strict'

const fs = require('fs')
const path = require('path')
const { ensureInstalled } = require('./install.cjs')
const { ensureBuilt } = require('./build.cjs')
const { pickNode } = require('./pick-node.cjs')
const { run, runAll } = require('./run.cjs')

const root = path.dirname(__dirname)
const say = (text) => process.stderr.write(`countersign: ${text}\n`)

const tool = (name, file) => path.join(root, 'node_modules', name, file)
const checks = [
  { name: 'biome ci', args: [tool('@biomejs/biome', 'bin/biome'), 'ci', '.'] },
  { name: 'tsc --noEmit', args: [tool('typescript', 'bin/tsc'), '--noEmit'] },
  { name: 'knip', args: [tool('knip', 'bin/knip.js')] },
]
const vitest = tool('vitest', 'vitest.mjs')

/** As in docs/deployment.md: by itself V8 lets a hundred megabytes of short-lived objects gather before it looks. */
const smallHeap = ['--max-semi-space-size=4', '--max-old-space-size=256']

/**
 * Each command, as the arguments of the chosen Node. A process group of its own is for what a terminal's
 * Ctrl-C must reach once only.
 */
function commandFor(name, args) {
  switch (name) {
    case 'start':
      return { nodeArgs: smallHeap, args: ['dist/main.js', 'serve'].concat(args), ownGroup: true }
    case 'countersign':
      return { args: ['dist/main.js'].concat(args) }
    case 'bench':
      return { args: ['bench/main.ts'].concat(args) }
    case 'docs':
      return { args: ['scripts/docs.ts'].concat(args) }
    case 'measure':
      return { args: ['scripts/measure.ts'].concat(args) }
    case 'faults':
      return { args: [vitest, 'run', 'test/faults'].concat(args), env: { FAULTS: 'full' } }
    case 'test':
      // A filter is given while working on one thing: then checking the whole tree would only be in the way.
      return { args: [vitest, 'run'].concat(args), before: args.length === 0 ? checks : [] }
  }
}

async function main(name, args) {
  const command = commandFor(name, args)
  if (!command)
    return fail(`there is no "${name}": start, test, bench, faults, countersign, docs or measure.`)

  await ensureInstalled(root, say)
  const node = pickNode(root)
  await ensureBuilt(root, node, say)

  if (!fs.existsSync(path.resolve(root, command.args[0])))
    return fail(`${command.args[0]} does not exist here.`)
  const failed = await runAll(root, node, command.before || [])
  if (failed.length > 0) return fail(`${failed.join(', ')} failed (see above), so the tests were not run.`)
  process.exitCode = await run(root, node, command)
}

function fail(text) {
  say(text)
  process.exitCode = 1
}

main(process.argv[2], process.argv.slice(3)).catch((error) =>
  fail(error.expected ? error.message : error.stack),
)
