import { join } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import type { EpochMs } from '../../core/time.ts'
import type { Poll, SimulatedHome } from '../../tools/simulated-home.ts'

/** Something that goes wrong during one poll. */
export interface PollFault {
  readonly name: string
  /** undefined when no record came of it. */
  readonly poll: (home: SimulatedHome, atMs: EpochMs, nth: number) => Promise<Poll | undefined>
  /** What becomes of the task; undefined when it never was, or when the host that would say so has left. */
  readonly status: 'success' | 'failure' | undefined
}

type FaultyPoll = PollFault['poll']

/** Most calls that fail are repaired by the next attempts, and some fail all the same. */
const CHAOS_RATE = 0.3

/** A region, so that the other one's slices are committed meanwhile. */
const REGION = 'eu-west-1'

const HANG = { api: 'cloudwatch:GetMetricData', kind: 'hang', region: REGION, times: 1 }

/** AWS fails as the seed says: throttles, errors, broken bodies, pages that are partial, empty, repeated or out of order. */
const awsFails: FaultyPoll = async (home, atMs, nth) => {
  await home.control('chaos', { seed: nth, rate: CHAOS_RATE, apis: ['cloudwatch:*', 'lambda:*'] })
  const poll = await home.pollAt(atMs)
  await home.control('faults', { clear: true })
  return poll
}

const regionIsDenied: FaultyPoll = async (home, atMs) => {
  await home.control('denials', { actions: ['cloudwatch:GetMetricData'], regions: [REGION] })
  const poll = await home.pollAt(atMs)
  await home.control('denials', { actions: [] })
  return poll
}

const storeIsDown: FaultyPoll = async (home, atMs, nth) => {
  await home.control('receiver', { kind: nth % 2 === 0 ? 'status' : 'close', status: 503, times: 3 })
  return home.pollAt(atMs)
}

/** Waits until the simulator holds a request of the task: it is in the middle of its work, and stays there. */
async function untilHeld(home: SimulatedHome, polling: Promise<unknown>): Promise<void> {
  const ended = polling.then(
    () => 'ended' as const,
    () => 'ended' as const,
  )
  const look = async (): Promise<'held' | 'on its way'> => {
    const { faults } = await home.control<{ faults: readonly object[] }>('faults')
    return faults.length === 0 ? 'held' : 'on its way'
  }
  // One look after the other, for as long as the poll lasts.
  for (;;) {
    const state = await Promise.race([ended, look()])
    if (state === 'held') return
    if (state === 'ended') throw new Error('the poll ended before AWS held a request of it')
  }
}

/** The running task's process, as the host recorded it for whoever must end it after a crash. */
function readTaskPid({ root }: SimulatedHome): number {
  const database = new DatabaseSync(join(root, '.dff', 'host.db'), { readOnly: true })
  try {
    const row = database.prepare('SELECT child_pid AS pid FROM task WHERE end_time_ms IS NULL').get()
    return Number(row?.['pid'])
  } finally {
    database.close()
  }
}

const taskIsKilled: FaultyPoll = async (home, atMs) => {
  await home.control('faults', HANG)
  const polling = home.pollAt(atMs)
  await untilHeld(home, polling)
  process.kill(readTaskPid(home), 'SIGKILL')
  return polling
}

/** What Ctrl-C does: the command leaves in the middle of its task, and the next one owns the home. */
const hostLeaves: FaultyPoll = async (home, atMs) => {
  await home.control('faults', HANG)
  const polling = home.pollAt(atMs).catch(() => undefined)
  await untilHeld(home, polling)
  await home.reopen()
  return polling
}

const nobodyPolls: FaultyPoll = async () => undefined

/** Taken in turn. */
export const FAULTS: readonly PollFault[] = [
  { name: 'AWS fails here and there', poll: awsFails, status: 'success' },
  { name: 'the task is killed', poll: taskIsKilled, status: 'failure' },
  { name: 'a region is denied', poll: regionIsDenied, status: 'success' },
  { name: 'the store is down', poll: storeIsDown, status: 'success' },
  { name: 'the host leaves in the middle', poll: hostLeaves, status: 'failure' },
  { name: 'nobody polls', poll: nobodyPolls, status: undefined },
]
