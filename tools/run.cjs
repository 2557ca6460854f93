'use strict'
// `node tools/run.cjs FILE [args]`: installs what is missing, then runs a TypeScript entry on a Node that can, in this
// process's place, so that a signal to the npm script reaches the program.
require('./install-missing.cjs')
const { join } = require('node:path')

const root = join(__dirname, '..')
const [, , entry, ...args] = process.argv
process.argv = [process.argv[0], join(root, entry), ...args]
const [major, minor] = process.versions.node.split('.').map(Number)
if (major > 22 || (major === 22 && minor >= 19)) {
  void import(require('node:url').pathToFileURL(process.argv[1]).href)
} else {
  require('../bin/reexec.cjs')(join(root, 'node_modules', '.bin', 'node'), [])
}
