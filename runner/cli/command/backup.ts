import { resolve } from 'node:path'
import { answer, type Invocation, withClient } from '../invocation.ts'
import type { Registry } from '../registry.ts'
import { renderBackup, renderRestore } from '../view/backup-view.ts'

async function backup(
  invocation: Invocation,
  file: string,
  { force }: { readonly force?: boolean },
): Promise<void> {
  // The host that writes it has another working directory.
  const input = { file: resolve(file), force: force === true }
  const row = await withClient(invocation, (client) => client.call('backup', input))
  answer(invocation, row, () => renderBackup(invocation.texts, row))
}

async function restore(invocation: Invocation, file: string): Promise<void> {
  const controller = new AbortController()
  const dispose = invocation.onInterrupt(() => controller.abort())
  try {
    const command = `dff ${invocation.name}`
    const options = { file: resolve(file), command, signal: controller.signal }
    const result = await invocation.host.restoreHome(invocation.home, options)
    answer(invocation, result, () => renderRestore(invocation.texts, result, invocation.home))
  } finally {
    dispose()
  }
}

export function addBackupCommand({ program, parts: { texts }, action }: Registry): void {
  const help = texts.help.backup
  program
    .command('backup')
    .description(help.summary)
    .argument('<file>', help.file)
    .option('--force', help.force)
    .addHelpText('after', `\n${help.after}`)
    .action(action(backup))
}

export function addRestoreCommand({ program, parts: { texts }, action }: Registry): void {
  const help = texts.help.restore
  program
    .command('restore')
    .description(help.summary)
    .argument('<file>', help.file)
    .addHelpText('after', `\n${help.after}`)
    .action(action(restore))
}
