'use strict'
// Plain CommonJS, because it runs before anything is installed, on whatever Node the machine has.
const { execFileSync } = require('node:child_process')
const { existsSync, readFileSync } = require('node:fs')
const { join } = require('node:path')

const root = join(__dirname, '..')
const stamp = join(root, 'node_modules', '.package-lock.json')

/** npm writes node_modules/.package-lock.json last, so a lock file whose packages differ from it means an install is due. */
function isInstalled() {
  if (!existsSync(stamp)) return false
  const wanted = JSON.parse(readFileSync(join(root, 'package-lock.json'), 'utf8')).packages
  const present = JSON.parse(readFileSync(stamp, 'utf8')).packages
  return Object.entries(wanted).every(
    ([path, entry]) => path === '' || entry.optional === true || present[path]?.version === entry.version,
  )
}

if (!isInstalled()) {
  process.stderr.write('Installing dependencies (once)…\n')
  // npm's own output goes to stderr: stdout belongs to the command that follows, which may print one JSON document.
  // The npm that started this script; the shell form is for Windows, where npm is a .cmd file.
  const npm = process.env.npm_execpath
  const [file, args] = npm === undefined ? ['npm', []] : [process.execPath, [npm]]
  // Not `npm ci`: it refuses a lock file without the optional binaries of every other platform, and a registry mirror
  // need not carry those. `install --no-save` takes the locked versions and leaves the lock file as it is.
  execFileSync(file, [...args, 'install', '--no-save', '--no-audit', '--no-fund', '--loglevel=error'], {
    cwd: root,
    stdio: ['ignore', 2, 2],
    shell: npm === undefined && process.platform === 'win32',
  })
}
