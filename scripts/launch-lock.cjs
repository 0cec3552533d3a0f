// biome-ignore-all lint/style/useNodejsImportProtocol: Node 12 does not know "node:"
'use strict'

const fs = require('fs')
const path = require('path')
const { expectedError } = require('./expected-error.cjs')

/**
 * Lets one launcher at a time install or build in this folder; the others wait, then find it done.
 * The lock is a folder (made atomically) that names its holder; a dead holder's is moved away and removed.
 */
exports.withLaunchLock = async (root, say, work) => {
  const lock = path.join(root, '.cache', 'launch.lock')
  await acquire(lock, root, say)
  try {
    return await work()
  } finally {
    remove(lock)
  }
}

async function acquire(lock, root, say) {
  for (let waited = 0; !tryAcquire(lock, root); waited += 100) {
    const holder = readHolder(lock)
    if (holder === 'dead') discard(lock)
    if (waited === 1000) say('waiting for another start that is installing or building here …')
    await new Promise((resolve) => setTimeout(resolve, 100))
  }
}

function tryAcquire(lock, root) {
  try {
    fs.mkdirSync(path.dirname(lock), { recursive: true })
    fs.mkdirSync(lock)
  } catch (error) {
    if (error.code === 'EEXIST') return false
    throw expectedError(
      `${root} can't be written to (${error.code}), and something must be installed or built there.\n` +
        '  Run it once as the user who owns that folder; afterwards others can start it too.',
    )
  }
  fs.writeFileSync(path.join(lock, 'pid'), String(process.pid))
  return true
}

/** Without a pid in it the lock was made this moment, unless it is old: then its maker died in between. */
function readHolder(lock) {
  try {
    const pid = Number(fs.readFileSync(path.join(lock, 'pid'), 'utf8'))
    if (pid > 0) return isAlive(pid) ? 'alive' : 'dead'
  } catch (_) {
    // falls through to the age
  }
  try {
    return Date.now() - fs.statSync(lock).mtimeMs > 5000 ? 'dead' : 'alive'
  } catch (_) {
    return 'gone'
  }
}

function isAlive(pid) {
  try {
    process.kill(pid, 0)
    return true
  } catch (error) {
    return error.code === 'EPERM'
  }
}

/** Renaming first means that of several who find the lock dead only one removes it. */
function discard(lock) {
  const aside = `${lock}.${process.pid}`
  try {
    fs.renameSync(lock, aside)
  } catch (_) {
    return
  }
  remove(aside)
}

function remove(lock) {
  try {
    fs.unlinkSync(path.join(lock, 'pid'))
  } catch (_) {
    // its maker died before writing it
  }
  fs.rmdirSync(lock)
}
