/**
 * What code tries that wants out of its task: each is a statement with `home`, `fs`, `net` and `builtin` in scope, and
 * none may succeed. Ways that Node closed in past releases stand here too, so that an older Node is noticed.
 */
export const WAYS_AROUND: readonly string[] = [
  // The key by other spellings of its path.
  `process.chdir(home + '/.dff'); fs.readFileSync('key')`,
  `fs.readFileSync(new TextEncoder().encode(home + '/.dff/key'))`,
  `fs.readFileSync(Buffer.from(home + '/startup/../.dff/key'))`,
  `fs.readFileSync(new URL('file://' + home + '/startup/%2e%2e/.dff/key'))`,
  // By other calls.
  `fs.lstatSync(home + '/.dff/key')`,
  `fs.statfsSync(home)`,
  `fs.opendirSync(home)`,
  `fs.watch(home, () => undefined)`,
  `await fs.openAsBlob(home + '/.dff/key')`,
  `fs.cpSync(home + '/.dff/key', home + '/startup/copy')`,
  `process.loadEnvFile(home + '/.dff/key')`,
  `await import('file://' + home + '/.dff/key')`,
  `builtin('node:module').createRequire(home + '/.dff/x.js')('./key')`,
  // By a link from where it may read.
  `fs.symlinkSync(home + '/.dff/key', home + '/startup/link')`,
  `fs.linkSync(home + '/.dff/key', home + '/startup/link')`,
  // By the kernel.
  `fs.openSync('/proc/' + process.ppid + '/mem', 'r')`,
  `fs.readdirSync('/proc/' + process.ppid + '/fd')`,
  `fs.readFileSync('/proc/self/environ')`,
  `fs.readlinkSync('/proc/' + process.ppid + '/cwd')`,
  // Files that something else writes.
  `process.report.writeReport(home + '/startup/report.json')`,
  `builtin('node:v8').writeHeapSnapshot(home + '/startup/heap')`,
  `builtin('node:v8').setFlagsFromString('--trace-turbo')`,
  `builtin('node:trace_events').createTracing({ categories: ['node'] }).enable()`,
  `fs.futimesSync(fs.openSync(home + '/startup/test_set.ts', 'r'), 1, 1)`,
  `fs.mkdtempSync(home + '/startup/x')`,
  // Code that is not JavaScript, or not in this process.
  `process.binding('spawn_sync')`,
  `process.dlopen({ exports: {} }, home + '/startup/x.node')`,
  `new (builtin('node:wasi').WASI)({ version: 'preview1', preopens: { '/': '/' } })`,
  `builtin('node:cluster').fork()`,
  `builtin('node:module').register('data:text/javascript,')`,
  `builtin('node:inspector').open(0)`,
  // The host and the other tasks.
  `process.kill(process.ppid, 'SIGUSR1')`,
  `process.kill(-1, 'SIGTERM')`,
  `process._kill(process.ppid, 9)`,
  `process._debugProcess(process.ppid)`,
  `builtin('node:os').setPriority(process.ppid, 19)`,
  // Its control socket, by each road that leads to it.
  `net.connect(home + '/.dff/host.sock')`,
  `new net.Socket().connect({ path: home + '/.dff/host.sock' })`,
  `await builtin('node:http').request({ socketPath: home + '/.dff/host.sock' })`,
  `net.createServer().listen(home + '/startup/mine.sock')`,
  `const [channel] = process._getActiveHandles().filter((handle) => handle._handle?.constructor.name === 'Pipe')
   const pipe = new channel._handle.constructor(0)
   pipe.connect({}, home + '/.dff/host.sock')`,
]

/** Code that tries them all and returns, by its text, the error code of each, or `done`. */
export const TRY_ALL: string = `
const fs = process.getBuiltinModule('node:fs')
const net = process.getBuiltinModule('node:net')
const builtin = process.getBuiltinModule
async function tryAll(home) {
  const results = {}
  const attempt = async (text, way) => {
    try { await way(); results[text] = 'done' } catch (error) { results[text] = String(error?.code ?? error) }
  }
${WAYS_AROUND.map((way) => `  await attempt(${JSON.stringify(way)}, async () => { ${way} })`).join('\n')}
  return results
}
`
