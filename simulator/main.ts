/** The simulator as a process: `npm run simulator -- --functions 200 --regions 2`. */
import { type Command, HELP, parseCommand } from './options.ts'
import { type SimulatorInfo, startSimulator } from './server.ts'
import { UsageError } from './usage-error.ts'

/** The lines a person reads and pastes. */
function formatInfo(info: SimulatorInfo): string {
  const accounts = info.accounts.map(
    (account) =>
      `\n# account ${account.accountId}\nAWS_ENDPOINT_URL=${info.url}\nAWS_ACCESS_KEY_ID=${account.accessKeyId}\nAWS_SECRET_ACCESS_KEY=${account.secretAccessKey}`,
  )
  return [
    `Simulator ready at ${info.url}`,
    ...accounts,
    '',
    `regions        ${info.regions.join(' ')}`,
    `DataKit URL    ${info.datakitUrl}`,
    `DataWay URL    ${info.datawayUrl}`,
    `DataWay token  ${info.datawayToken}`,
    `role           ${info.roleArn}`,
    `external id    ${info.externalId}`,
    `control        ${info.url}/control/info`,
    '',
  ].join('\n')
}

/** A promise of the first request to end. */
function untilStopped(): Promise<unknown> {
  return new Promise((resolve) => {
    process.once('SIGTERM', resolve)
    process.once('SIGINT', resolve)
  })
}

async function run(command: Extract<Command, { kind: 'run' }>): Promise<void> {
  const stopped = untilStopped()
  const simulator = await startSimulator(command.options)
  process.stdout.write(command.isJson ? `${JSON.stringify(simulator.info)}\n` : formatInfo(simulator.info))
  await stopped
  await simulator.close()
}

try {
  const command = parseCommand(process.argv.slice(2))
  if (command.kind === 'help') process.stdout.write(HELP)
  else await run(command)
} catch (error) {
  const isUsage = error instanceof UsageError
  const text = error instanceof Error ? error.message : String(error)
  process.stderr.write(`${text}${isUsage ? '. See --help.' : ''}\n`)
  process.exitCode = isUsage ? 2 : 1
}
