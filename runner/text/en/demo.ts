/** What `dff demo` says around the commands that it types. */
export const demo = {
  intro: 'The whole job on a simulator of AWS and Guance. Nothing leaves this machine.',
  simulator: (url: string, functions: string, regions: readonly string[]) =>
    `Simulator at ${url}: ${functions} functions in ${regions.join(', ')}`,
  home: (path: string) => `Home ${path}`,
  kept: (path: string) => `The home was kept: ${path}`,
  prompt: '$ ',
  moreLines: (count: string) => `… ${count} more lines`,
  stepFailed: (command: string, code: string) => ({
    place: command,
    expected: 'exit code 0',
    got: `exit code ${code}`,
    remedy: 'Its own output says why; --keep leaves the home behind to look around in it.',
  }),
  interrupted: {
    place: 'dff demo',
    expected: 'to come to its end',
    got: 'an interrupt',
    remedy: 'Everything that it had started was ended.',
  },
  title: 'Summary',
  labels: {
    collected: 'Collected',
    metrics: 'Metrics',
    delivered: 'Delivered',
    truth: 'Compared with the truth',
    aws: 'Asked of AWS',
    tasks: 'Tasks',
    took: 'Took',
  },
  collected: (functions: string, regions: string, accounts: string) =>
    `${functions} functions (regions: ${regions}, accounts: ${accounts})`,
  metrics: (count: string) => `${count} different metrics`,
  delivered: (metric: string, objects: string) => `${metric} metric points, ${objects} objects`,
  truth: (expected: string) => `${expected} values and objects expected`,
  truthHolds: 'each arrived with the right value, and nothing else',
  truthFails: (missing: string, wrong: string, extra: string) =>
    `${missing} missing, ${wrong} wrong, ${extra} that should not be there`,
  aws: (requests: string, billed: string) => `${requests} requests, ${billed} billed metrics`,
  passed: 'Everything that was expected arrived.',
  failed: 'The demo failed.',
  simulatorExpected: 'a simulator that answers',
  simulatorRemedy: 'Run npm run simulator to see what it says.',
  windowExpected: 'a line that says which window was collected',
  windowRemedy: 'dff log ID shows the whole log.',
}
