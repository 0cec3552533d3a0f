// biome-ignore-all lint/style/useNodejsImportProtocol: Node 12 does not know "node:"
'use strict'

const { spawnSync } = require('child_process')
const fs = require('fs')
const path = require('path')
const { expectedError } = require('./expected-error.cjs')
const { withLaunchLock } = require('./launch-lock.cjs')

/** Compiles src to dist where a source is newer than the last build, and drops what has no source any more. */
exports.ensureBuilt = async (root, node, say) => {
  if (isFresh(root)) return
  await withLaunchLock(root, say, () => {
    if (!isFresh(root)) build(root, node)
  })
}

function build(root, node) {
  const startedAt = new Date()
  dropStale(path.join(root, 'dist'), path.join(root, 'src'))
  const tsc = path.join(root, 'node_modules', 'typescript', 'bin', 'tsc')
  const result = spawnSync(node, [tsc, '-p', 'tsconfig.build.json'], { cwd: root, encoding: 'utf8' })
  if (result.status !== 0) {
    throw expectedError(
      `the TypeScript sources do not compile:\n${result.stdout || ''}${result.stderr || ''}`,
    )
  }
  fs.writeFileSync(stamp(root), '')
  fs.utimesSync(stamp(root), startedAt, startedAt)
}

const stamp = (root) => path.join(root, 'dist', '.built')

function isFresh(root) {
  const built = modifiedAt(stamp(root))
  if (built === 0) return false
  const inputs = ['tsconfig.json', 'tsconfig.build.json', 'package-lock.json'].map((name) =>
    path.join(root, name),
  )
  return Math.max(newest(path.join(root, 'src')), ...inputs.map(modifiedAt)) < built
}

/** The folders count too: removing a file changes only its folder. */
function newest(folder) {
  let latest = modifiedAt(folder)
  for (const entry of fs.readdirSync(folder, { withFileTypes: true })) {
    const file = path.join(folder, entry.name)
    latest = Math.max(latest, entry.isDirectory() ? newest(file) : modifiedAt(file))
  }
  return latest
}

function modifiedAt(file) {
  try {
    return fs.statSync(file).mtimeMs
  } catch (_) {
    return 0
  }
}

/** A module that was renamed must not be found under its old name in dist. */
function dropStale(dist, src) {
  if (!fs.existsSync(dist)) return
  for (const entry of fs.readdirSync(dist, { withFileTypes: true })) {
    const file = path.join(dist, entry.name)
    if (entry.isDirectory()) {
      dropStale(file, path.join(src, entry.name))
      if (fs.readdirSync(file).length === 0) fs.rmdirSync(file)
    } else if (/\.js(\.map)?$/.test(entry.name)) {
      const source = path.join(src, entry.name.replace(/\.js(\.map)?$/, ''))
      if (!fs.existsSync(`${source}.ts`) && !fs.existsSync(`${source}.tsx`)) fs.unlinkSync(file)
    }
  }
}
