import { DAY_MS, HOUR_MS, SECOND_MS } from '../core/time.ts'
import { createConnectorRegistry } from './connector/registry.ts'
import { createBroker } from './credentials/broker.ts'
import { makeHandlers } from './handler/table.ts'
import { prepareHome } from './home-folder.ts'
import { type HomePaths, homePaths } from './home.ts'
import type { HostEvent, HostHandlers } from './host-api.ts'
import type { HostParts } from './host-parts.ts'
import { endOrphans } from './orphan.ts'
import { createSender } from './outbox/sender.ts'
import { homeBusy, type Owner, readOwner, tryOwn } from './owner.ts'
import { PACKAGE_ROOT, PACKAGE_VERSION } from './package.ts'
import { loadKey } from './secret/key.ts'
import { createVault } from './secret/vault.ts'
import { serveSocket, type SocketServer } from './socket/server.ts'
import { openSqliteStore } from './store/sqlite/open.ts'
import type { Store } from './store/store.ts'
import { setIdOf } from './task-scope.ts'
import { createTasks } from './tasks.ts'
import { createScheduler, type Scheduler, type SchedulerOptions } from './trigger/scheduler.ts'
import { aborted, sleep } from './wait.ts'

/** How long running tasks may go on after SIGTERM: most polls end within it, and init systems kill after 90 s. */
const TASK_GRACE_MS = 30 * SECOND_MS

/** How long a leaving host goes on delivering; what is left is delivered by the next one. */
const DELIVER_GRACE_MS = 5 * SECOND_MS

/** How long `dff start` waits for a command that owns the home for its own duration. */
const START_WAIT_MS = 10 * SECOND_MS
const START_POLL_MS = 100

/** Func's retention for triggers made by a deploy, and for records of any kind (guance.md §4.8). */
const KEEP_PER_FUNC = 100
const KEEP_MS = 90 * DAY_MS

export interface HostOptions {
  /** Folder that holds marketplace.json and scripts/; default the package itself. */
  readonly marketRoot?: string
  readonly onEvent?: (event: HostEvent) => void
  /** The scheduler's clock, for a test that cannot wait for a tick. */
  readonly clock?: Pick<SchedulerOptions, 'now' | 'setTimer'>
}

/** A host that owns its home, in this process. */
export interface Host {
  readonly handlers: HostHandlers
  /** Stops scheduling, lets what runs come to its end, delivers briefly, gives the home back. */
  close(): Promise<void>
}

/** A command runs what it was asked to and leaves: ticks are for `dff start`. */
const NO_SCHEDULER: Scheduler = { refresh: async () => undefined, stop: async () => undefined }

async function usesAws(store: Store, scriptId: string): Promise<boolean> {
  const set = await store.sets.get(setIdOf(scriptId))
  return set?.manifest.uses.includes('aws') === true
}

async function makeParts(
  store: Store,
  paths: HomePaths,
  { owner, options, leaving }: { owner: Owner; options: HostOptions; leaving: AbortSignal },
): Promise<HostParts> {
  const vault = createVault(store.secrets, await loadKey(paths))
  const connectors = createConnectorRegistry({ connectors: store.connectors, vault, output: paths.output })
  const note = (text: string): void => options.onEvent?.({ kind: 'note', text })
  const parts: HostParts = {
    paths,
    owner: owner.info,
    marketRoot: options.marketRoot ?? PACKAGE_ROOT,
    store,
    vault,
    broker: createBroker({
      readSecret: (scriptId, name) => vault.readFor(scriptId, name),
      usesAws: (scriptId) => usesAws(store, scriptId),
    }),
    connectors,
    sender: createSender({
      store,
      openSinkFor: (id) => connectors.open(id),
      connectorIds: async () => (await connectors.list()).map((row) => row.id),
    }),
    scheduler:
      owner.info.mode === 'command'
        ? NO_SCHEDULER
        : createScheduler({
            triggers: store.triggers,
            onTick: (trigger, tickMs) => tasks.tick(trigger, tickMs),
            onProblem: note,
            ...options.clock,
          }),
    leaving,
    note,
    get tasks() {
      return tasks
    },
  }
  const tasks = createTasks(parts)
  return parts
}

async function prune(store: Store): Promise<void> {
  const olderThanMs = Date.now() - KEEP_MS
  await store.outbox.pruneReceipts(olderThanMs)
  await store.usage.prune(olderThanMs)
  await store.state.prune(KEEP_MS)
  await store.records.prune(KEEP_PER_FUNC, olderThanMs)
}

/** Puts in order what an earlier owner left; before the socket opens, so that nothing of this owner is taken for it. */
async function tidy(parts: HostParts): Promise<void> {
  const ended = await endOrphans(parts.store, Date.now())
  if (ended.length > 0)
    parts.note(`Ended ${ended.length} tasks that an earlier host left running: ${ended.join(', ')}`)
  await parts.tasks.closeAbandoned()
  await prune(parts.store)
}

async function begin(parts: HostParts): Promise<void> {
  if (parts.owner.mode === 'command') return
  parts.sender.start()
  await parts.tasks.resume()
  await parts.scheduler.refresh()
}

/** Prunes once an hour, so that a home does not grow for as long as its host runs. */
function startPruning({ store, note }: HostParts): () => void {
  const timer = setInterval(() => {
    prune(store).catch((error: unknown) => note(String(error)))
  }, HOUR_MS)
  timer.unref()
  return () => clearInterval(timer)
}

/** Leaves without time for what runs: a command, or a host that could not begin. */
async function leaveAtOnce(parts: HostParts, socket: SocketServer): Promise<void> {
  await parts.scheduler.stop()
  // Somebody else's call may be under way through the socket: it is answered first.
  await socket.close()
  await parts.tasks.stop(0)
  await parts.sender.stop()
}

async function leave(parts: HostParts, socket: SocketServer): Promise<void> {
  if (parts.owner.mode === 'command') return leaveAtOnce(parts, socket)
  await parts.scheduler.stop()
  await Promise.all([socket.close(), parts.tasks.stop(TASK_GRACE_MS)])
  await parts.sender.drain({
    deadlineMs: Date.now() + DELIVER_GRACE_MS,
    signal: new AbortController().signal,
  })
  await parts.sender.stop()
}

/** Makes the host of a home that this process owns, socket included; releases the home when that fails. */
export async function openHost(owner: Owner, paths: HomePaths, options: HostOptions): Promise<Host> {
  const leaving = new AbortController()
  let store: Store | undefined
  try {
    store = await openSqliteStore(paths.database)
    const parts = await makeParts(store, paths, { owner, options, leaving: leaving.signal })
    await tidy(parts)
    const handlers = makeHandlers(parts)
    const socket = await serveSocket(paths, handlers)
    await begin(parts).catch(async (error: unknown) => {
      leaving.abort()
      await leaveAtOnce(parts, socket)
      throw error
    })
    const stopPruning = startPruning(parts)
    return {
      handlers,
      close: async () => {
        leaving.abort()
        stopPruning()
        try {
          await leave(parts, socket)
        } finally {
          await parts.broker.close()
          await parts.store.close()
          owner.release()
        }
      },
    }
  } catch (error) {
    await store?.close()
    owner.release()
    throw error
  }
}

/** Waits for a command that owns the home; another `dff start` is refused at once. */
async function ownToStay(paths: HomePaths, signal: AbortSignal): Promise<Owner | undefined> {
  const deadlineMs = Date.now() + START_WAIT_MS
  // In turn: each attempt is one look at the lock.
  while (!signal.aborted) {
    const owner = tryOwn(paths, { mode: 'start', command: 'dff start' })
    if (owner !== undefined) return owner
    const other = readOwner(paths)
    if (other?.mode === 'start') {
      throw homeBusy(
        paths,
        other,
        `It is the host of this home already; stop it with kill ${other.pid}, or use another home.`,
      )
    }
    if (Date.now() > deadlineMs)
      throw homeBusy(paths, other, 'Wait for that command to end, then start again.')
    await sleep(START_POLL_MS, signal)
  }
  return undefined
}

/**
 * `dff start`: triggers, tasks, delivery and the socket, until the signal aborts; then drains and resolves. Rejects with
 * HOME_BUSY naming who owns the home, HOME_UNUSABLE, or what kept the store or the key from opening.
 */
export async function startHost(
  home: string,
  options: HostOptions & { readonly signal: AbortSignal },
): Promise<void> {
  const paths = homePaths(home)
  prepareHome(paths)
  const owner = await ownToStay(paths, options.signal)
  if (owner === undefined) return
  const host = await openHost(owner, paths, options)
  const text = `dff ${PACKAGE_VERSION} runs ${paths.root} as process ${process.pid}`
  options.onEvent?.({ kind: 'note', text })
  await aborted(options.signal)
  await host.close()
}
