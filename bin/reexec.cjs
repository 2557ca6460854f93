'use strict'
const { spawn } = require('child_process')

/** Runs the same command line on another Node or with more flags: same terminal, signals and exit code. */
module.exports = function reexec(node, flags) {
  const args = [...process.execArgv, ...flags, ...process.argv.slice(1)]
  // Where Node has it, replacing the process keeps the pid, and costs 20 ms.
  if (process.execve && process.platform !== 'win32') process.execve(node, [node, ...args], process.env)
  // The IPC channel only tells the child that this launcher is gone: kill -9 on it must not leave a host behind.
  const child = spawn(node, args, { stdio: ['inherit', 'inherit', 'inherit', 'ipc'] })
  for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP']) {
    // A terminal sends Ctrl-C to the child itself; a second one would mean "now".
    process.on(signal, () => (signal === 'SIGINT' && process.stdin.isTTY) || child.kill(signal))
  }
  child.on('error', (error) => {
    process.stderr.write(`dff could not start ${node}: ${error.message}. Install Node 22.19 or newer.\n`)
    process.exitCode = 3
  })
  child.on('exit', (code, signal) => {
    if (signal) process.removeAllListeners(signal).kill(process.pid, signal)
    else process.exitCode = code
  })
}
