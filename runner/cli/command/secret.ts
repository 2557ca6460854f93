import { DffError } from '../../../core/error.ts'
import type { SecretRow } from '../../host-api.ts'
import type { Texts } from '../../text/texts.ts'
import { takeSecret } from '../form/secret-prompt.ts'
import { readSecret } from '../form/secret-source.ts'
import { answer, type Invocation, makeSources, withClient } from '../invocation.ts'
import { addGroup, type Registry } from '../registry.ts'
import { formatWhen } from '../view/format.ts'
import { renderTable } from '../view/table.ts'

async function setSecret(
  invocation: Invocation,
  name: string,
  { source, grant }: { readonly source: string | undefined; readonly grant: string | undefined },
): Promise<void> {
  const { texts } = invocation
  const value = await takeSecret(invocation, {
    source,
    place: name,
    flag: 'SOURCE',
    message: texts.form.secretValue(name),
  })
  const input = { name, value, grantTo: grant ?? null }
  const row = await withClient(invocation, (client) => client.call('secret.set', input))
  answer(invocation, row, () => [texts.view.secret.stored(name, row.grantedTo)])
}

function renderSecrets(texts: Texts, rows: readonly SecretRow[]): string[] {
  const { columns, empty } = texts.view.secret
  if (rows.length === 0) return [empty]
  const cells = rows.map((row) => [
    row.name,
    formatWhen(texts, row.updatedAtMs),
    row.grantedTo.join(', ') || texts.view.none,
  ])
  return renderTable(columns, cells)
}

async function removeSecret(invocation: Invocation, name: string): Promise<void> {
  const { unknown, removed } = invocation.texts.view.secret
  const result = await withClient(invocation, (client) => client.call('secret.remove', { name }))
  if (!result.removed) throw new DffError({ code: 'UNKNOWN_NAME', place: 'secret rm', got: name, ...unknown })
  answer(invocation, result, () => [removed(name)])
}

async function rotate(invocation: Invocation, { to }: { readonly to?: string }): Promise<void> {
  const { rotated, setVariable, olderBackups } = invocation.texts.view.secret
  const key = to === undefined ? null : await readSecret(to, '--to', makeSources(invocation))
  const result = await withClient(invocation, (client) => client.call('secret.rotateKey', { key }))
  answer(invocation, result, () => [
    rotated(result.resealed, result.place),
    ...(key === null ? [] : [setVariable]),
    olderBackups,
  ])
}

export function addSecretCommands({ program, parts: { texts }, action }: Registry): void {
  const help = texts.help.secret
  const secret = addGroup(program, 'secret', help.group)
  secret
    .command('set')
    .description(help.set)
    .argument('<name>', help.name)
    .argument('[source]', texts.help.secretSource)
    .option('--grant <set>', help.grant)
    .addHelpText('after', `\n${help.setAfter}`)
    .action(
      action(async (invocation, name: string, source: string | undefined, options: { grant?: string }) =>
        setSecret(invocation, name, { source, grant: options.grant }),
      ),
    )
  secret
    .command('list')
    .description(help.list)
    .action(
      action(async (invocation) => {
        const rows = await withClient(invocation, (client) => client.call('secret.list', {}))
        answer(invocation, rows, () => renderSecrets(texts, rows))
      }),
    )
  secret
    .command('rotate-key')
    .description(help.rotate)
    .option('--to <source>', help.to)
    .action(action(rotate))
  secret
    .command('rm')
    .description(help.rm)
    .argument('<name>', help.name)
    .action(action(async (invocation, name: string) => removeSecret(invocation, name)))
}
