import type { TriggerRow } from '../../host-api.ts'
import type { Texts } from '../../text/texts.ts'
import { formatWhen } from './format.ts'
import { renderTable } from './table.ts'

export function renderTriggers(texts: Texts, triggers: readonly TriggerRow[]): string[] {
  const { columns, empty, enabled, disabled } = texts.view.trigger
  if (triggers.length === 0) return [empty]
  const rows = triggers.map((trigger) => [
    trigger.triggerId,
    trigger.isEnabled ? enabled : disabled,
    trigger.cronExpr,
    trigger.fixedCronExpr,
    trigger.cronOverride ?? texts.view.none,
    trigger.timezone,
    formatWhen(texts, trigger.nextTickMs),
    trigger.lastStatus ?? texts.view.none,
  ])
  return renderTable(columns, rows)
}
