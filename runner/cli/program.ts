import { Command, Help } from 'commander'
import { PACKAGE_VERSION } from '../package.ts'
import { addBackupCommand, addRestoreCommand } from './command/backup.ts'
import { addConnectorCommands } from './command/connector.ts'
import { addDemoCommand } from './command/demo.ts'
import { addDeployCommand } from './command/deploy.ts'
import { addDoctorCommand } from './command/doctor.ts'
import { addExecCommand } from './command/exec.ts'
import { addInstallCommand } from './command/install.ts'
import { addLogCommand } from './command/log.ts'
import { addMarketCommands } from './command/market.ts'
import { addOutboxCommands } from './command/outbox.ts'
import { addPlanCommand } from './command/plan.ts'
import { addPolicyCommand } from './command/policy.ts'
import { addSecretCommands } from './command/secret.ts'
import { addStartCommand } from './command/start.ts'
import { addStatusCommand } from './command/status.ts'
import { addTaskCommands } from './command/task.ts'
import { addTriggerCommands } from './command/trigger.ts'
import { addVerifyCommand } from './command/verify.ts'
import { addWhyCommand } from './command/why.ts'
import { type CliParts, type ExitCode, makeInvocation } from './invocation.ts'
import type { Body, Registry } from './registry.ts'

/** In the order of the help: the job first, then what one looks at, then upkeep. */
const FAMILIES = [
  addMarketCommands,
  addInstallCommand,
  addDeployCommand,
  addTriggerCommands,
  addPlanCommand,
  addExecCommand,
  addTaskCommands,
  addLogCommand,
  addStartCommand,
  addStatusCommand,
  addSecretCommands,
  addConnectorCommands,
  addOutboxCommands,
  addBackupCommand,
  addRestoreCommand,
  addDoctorCommand,
  addPolicyCommand,
  addVerifyCommand,
  addWhyCommand,
  addDemoCommand,
]

/** Width of help where the terminal does not say; also what the golden files are made with. */
const HELP_COLUMNS = 100

function makeRoot({ terminal, texts }: CliParts): Command {
  const { help } = texts
  return new Command('dff')
    .description(help.program)
    .version(PACKAGE_VERSION, '-V, --version', help.version)
    .option('--home <dir>', help.home)
    .option('--json', help.json)
    .helpOption('-h, --help', help.helpOption)
    .helpCommand(false)
    .addHelpText('after', `\n${help.after}`)
    .configureHelp({
      showGlobalOptions: true,
      styleTitle: (title) => help.titles[title] ?? title,
      // The version belongs to the program; beside each command's own options it would be noise.
      visibleGlobalOptions: (command) =>
        new Help().visibleGlobalOptions
          .call({ showGlobalOptions: true, sortOptions: false }, command)
          .filter((option) => option.long !== '--version'),
    })
    .configureOutput({
      writeOut: (text) => terminal.stdout.write(text),
      writeErr: (text) => terminal.stderr.write(text),
      // Usage errors are reported like every other error, by the caller.
      outputError: () => undefined,
      getOutHelpWidth: () => terminal.stdout.columns ?? HELP_COLUMNS,
      getErrHelpWidth: () => terminal.stderr.columns ?? HELP_COLUMNS,
    })
    .exitOverride()
}

/** The whole command line; `onExitCode` hears the exit code of the command that ran. */
export function buildProgram(parts: CliParts, onExitCode: (code: ExitCode) => void): Command {
  const program = makeRoot(parts)
  const registry: Registry = {
    program,
    parts,
    action:
      <Args extends unknown[]>(body: Body<Args>) =>
      async (...received: unknown[]) => {
        // commander calls an action with its arguments, its options and the command itself.
        const command = received.at(-1) as Command
        const args = received.slice(0, -1) as Args
        onExitCode((await body(makeInvocation(parts, command), ...args)) ?? 0)
      },
  }
  for (const addFamily of FAMILIES) addFamily(registry)
  return program
}
