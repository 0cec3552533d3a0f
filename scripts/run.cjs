// biome-ignore-all lint/style/useNodejsImportProtocol: Node 12 does not know "node:"
'use strict'

const { spawn } = require('child_process')
const os = require('os')
const path = require('path')

const forwarded = ['SIGINT', 'SIGTERM', 'SIGHUP']

/**
 * Runs the program to its end and gives its exit status (128 + n where a signal ended it).
 *
 * Signals: the service runs in a process group of its own, so Ctrl-C reaches only us; we pass each signal on
 * once, though npm repeats what the terminal has already sent us. Other programs stay in the terminal's
 * group (they may ask questions there) and have got its Ctrl-C themselves.
 *
 * If we are killed outright, the channel to the child closes: end-with-launcher.cjs, loaded into it, then
 * ends it in its usual way.
 */
exports.run = (root, node, command) => {
  const nodeArgs = ['--require', require.resolve('./end-with-launcher.cjs')].concat(command.nodeArgs || [])
  const child = spawn(node, nodeArgs.concat(command.args), {
    cwd: root,
    env: environment(node, command.env),
    stdio: ['inherit', 'inherit', 'inherit', 'ipc'],
    detached: command.ownGroup === true,
  })
  const sharesTerminal = !command.ownGroup && process.stdin.isTTY
  const lastSent = {}
  for (const signal of forwarded) {
    process.on(signal, () => {
      if (sharesTerminal && signal !== 'SIGTERM') return
      if (Date.now() - (lastSent[signal] || 0) < 1000) return
      lastSent[signal] = Date.now()
      child.kill(signal)
    })
  }
  if (process.env.npm_lifecycle_event) whenOrphaned(() => child.kill('SIGTERM'))
  return exitStatus(child)
}

/**
 * npm passes a SIGTERM on to the shell between itself and us, which ends without telling us. So when that
 * shell has gone, we take it as the signal.
 */
function whenOrphaned(end) {
  const parent = process.ppid
  const looking = setInterval(() => {
    if (process.ppid === parent) return
    clearInterval(looking)
    end()
  }, 500)
  looking.unref()
}

/** Runs every check, one after the other, and gives the names of those that failed. */
exports.runAll = async (root, node, checks) => {
  const failed = []
  for (const check of checks) {
    const child = spawn(node, check.args, { cwd: root, env: environment(node), stdio: 'inherit' })
    if ((await exitStatus(child)) !== 0) failed.push(check.name)
  }
  return failed
}

/** The chosen Node comes first in PATH, so that whatever the program starts finds it too. */
function environment(node, extra) {
  const rest = process.env.PATH ? path.delimiter + process.env.PATH : ''
  return Object.assign({}, process.env, extra, { PATH: path.dirname(node) + rest })
}

function exitStatus(child) {
  return new Promise((resolve, reject) => {
    child.once('error', reject)
    child.once('exit', (code, signal) => resolve(signal ? 128 + os.constants.signals[signal] : code))
  })
}
