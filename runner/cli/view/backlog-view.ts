import type { Backlog } from '../../host-api.ts'
import type { Texts } from '../../text/texts.ts'
import { formatCount, formatWhen } from './format.ts'

/** What waits for delivery and what is dead, one line each. */
export function renderBacklog(texts: Texts, backlog: Backlog): string {
  const { nothing, waiting, dead } = texts.view.backlog
  const count = (value: number): string => formatCount(texts, value)
  const lines: string[] = []
  if (backlog.waitingBatches > 0) {
    const since = formatWhen(texts, backlog.oldestWaitingMs)
    lines.push(waiting(count(backlog.waitingPoints), count(backlog.waitingBatches), since))
  }
  if (backlog.deadBatches > 0) lines.push(dead(count(backlog.deadPoints), count(backlog.deadBatches)))
  return lines.length === 0 ? nothing : lines.join('\n')
}
