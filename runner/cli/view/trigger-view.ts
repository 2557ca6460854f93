import type { PauseResult, PauseRow, TriggerRow } from '../../trigger/trigger-row.ts'
import type { Texts } from '../../text/texts.ts'
import { formatWhen } from './format.ts'
import { renderTable } from './table.ts'

function formatState({ view }: Texts, { isEnabled, isPaused }: TriggerRow): string {
  const { enabled, disabled, paused } = view.trigger
  if (!isEnabled) return disabled
  return isPaused ? paused : enabled
}

/** One sentence about the pause of all triggers. */
export function formatPause(texts: Texts, { sinceMs, untilMs }: PauseRow): string {
  const { pausedUntil, pausedOpen } = texts.view.trigger
  const since = formatWhen(texts, sinceMs)
  return untilMs === null ? pausedOpen(since) : pausedUntil(since, formatWhen(texts, untilMs))
}

export function renderPauseResult(texts: Texts, { pause, triggers }: PauseResult): string[] {
  const sentence = pause === null ? texts.view.trigger.resumed : formatPause(texts, pause)
  return [sentence, '', ...renderTriggers(texts, triggers)]
}

export function renderTriggers(texts: Texts, triggers: readonly TriggerRow[]): string[] {
  const { columns, empty } = texts.view.trigger
  if (triggers.length === 0) return [empty]
  const rows = triggers.map((trigger) => [
    trigger.triggerId,
    formatState(texts, trigger),
    trigger.cronExpr,
    trigger.fixedCronExpr,
    trigger.cronOverride ?? texts.view.none,
    trigger.timezone,
    formatWhen(texts, trigger.nextTickMs),
    trigger.lastStatus ?? texts.view.none,
  ])
  return renderTable(columns, rows)
}
