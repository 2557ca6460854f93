import type { Command } from 'commander'
import type { HostMethods } from '../../host-api.ts'
import { answer, type Invocation, withClient } from '../invocation.ts'
import { addGroup, type Registry } from '../registry.ts'
import { parseTime } from '../argument.ts'
import { renderPauseResult, renderTriggers } from '../view/trigger-view.ts'

/** What `--cron` takes to go back to the script's own schedule. */
const OWN_CRON = 'default'

async function change<Name extends 'trigger.enable' | 'trigger.set'>(
  invocation: Invocation,
  name: Name,
  input: HostMethods[Name]['input'],
): Promise<void> {
  const row = await withClient(invocation, (client) => client.call(name, input))
  answer(invocation, row, () => renderTriggers(invocation.texts, [row]))
}

async function pause(invocation: Invocation, { until }: { readonly until?: string }): Promise<void> {
  const untilMs = until === undefined ? null : parseTime(invocation.texts, until, '--until')
  const result = await withClient(invocation, (client) => client.call('trigger.pause', { untilMs }))
  answer(invocation, result, () => renderPauseResult(invocation.texts, result))
}

async function resume(invocation: Invocation): Promise<void> {
  const result = await withClient(invocation, (client) => client.call('trigger.resume', {}))
  answer(invocation, result, () => renderPauseResult(invocation.texts, result))
}

/** `--all` is asked for, because what they do is not about one trigger. */
function addPauseCommands(trigger: Command, { parts: { texts }, action }: Registry): void {
  const { trigger: help } = texts.help
  trigger
    .command('pause')
    .description(help.pause)
    .requiredOption('--all', help.all)
    .option('--until <time>', help.until)
    .action(action(pause))
  trigger.command('resume').description(help.resume).requiredOption('--all', help.all).action(action(resume))
}

export function addTriggerCommands(registry: Registry): void {
  const { program, parts, action } = registry
  const { texts } = parts
  const { trigger: help, triggerArgument } = texts.help
  const trigger = addGroup(program, 'trigger', help.group)
  trigger
    .command('list')
    .description(help.list)
    .action(
      action(async (invocation) => {
        const rows = await withClient(invocation, (client) => client.call('trigger.list', {}))
        answer(invocation, rows, () => renderTriggers(texts, rows))
      }),
    )
  for (const name of ['enable', 'disable'] as const) {
    trigger
      .command(name)
      .description(help[name])
      .argument('<trigger>', triggerArgument)
      .action(
        action(async (invocation, triggerId: string) =>
          change(invocation, 'trigger.enable', { triggerId, isEnabled: name === 'enable' }),
        ),
      )
  }
  addPauseCommands(trigger, registry)
  trigger
    .command('set')
    .description(help.set)
    .argument('<trigger>', triggerArgument)
    .requiredOption('--cron <expr>', help.cron)
    .option('--timezone <tz>', help.timezone)
    .addHelpText('after', `\n${help.setAfter}`)
    .action(
      action(async (invocation, triggerId: string, options: { cron: string; timezone?: string }) => {
        const cron = options.cron === OWN_CRON ? null : options.cron
        await change(invocation, 'trigger.set', { triggerId, cron, timezone: options.timezone ?? null })
      }),
    )
}
