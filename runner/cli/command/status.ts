import { homePaths } from '../../home.ts'
import type { HostStatus } from '../../host-status.ts'
import { answer, type Invocation, withClient } from '../invocation.ts'
import type { Registry } from '../registry.ts'
import { renderBacklog } from '../view/backlog-view.ts'
import { formatDestination } from '../view/connector-view.ts'
import { formatCount, formatWhen } from '../view/format.ts'
import { renderLanes, renderLaneWarnings } from '../view/lane-view.ts'
import { renderObservation } from '../view/observation-view.ts'
import { indent, renderPairs } from '../view/table.ts'
import { renderTaskTable } from '../view/task-view.ts'
import { formatPause, renderTriggers } from '../view/trigger-view.ts'
import { renderAccountUsage } from '../view/usage-view.ts'

function renderStatus({ texts, home }: Invocation, status: HostStatus): string[] {
  const { labels, running, notRunning, version, delivered, nothingDelivered, connectors, triggers, tasks } =
    texts.view.status
  const host =
    status.mode === 'start' ? running(status.pid, formatWhen(texts, status.startedAtMs)) : notRunning
  const last = formatWhen(texts, status.lastAcknowledgedMs)
  const points = formatCount(texts, status.acknowledgedPoints)
  const { connector } = status
  const destination = formatDestination(texts, connector, homePaths(home).output)
  const pairs: [string, string][] = [
    [labels.home, status.home],
    [labels.host, `${host}\n${version(status.version, status.node.replace(/^v/, ''))}`],
    [labels.connector, `${connector.id}: ${connector.config.type} ${destination}`],
    [labels.delivered, status.acknowledgedPoints === 0 ? nothingDelivered : delivered(points, last)],
    [labels.waiting, renderBacklog(texts, status.backlog)],
  ]
  if (status.lastDeliveryError !== null) pairs.push([labels.lastError, status.lastDeliveryError])
  const warnings = renderLaneWarnings(texts, status.lanes)
  if (warnings.length > 0) pairs.push([labels.warning, warnings.join('\n')])
  pairs.push(...renderObservation(texts, status))
  if (status.priceProblem !== null) pairs.push([labels.prices, status.priceProblem])
  return [
    ...renderPairs(pairs),
    // One connector has said everything above.
    ...(status.lanes.length < 2 ? [] : ['', connectors, ...indent(renderLanes(texts, status.lanes))]),
    '',
    triggers,
    ...(status.pause === null ? [] : indent([formatPause(texts, status.pause)])),
    ...indent(renderTriggers(texts, status.triggers)),
    ...(status.usage.length === 0
      ? []
      : ['', texts.view.usageOfAws.title, ...indent(renderAccountUsage(texts, status.usage))]),
    ...(status.runningTasks.length === 0
      ? []
      : ['', tasks, ...indent(renderTaskTable(texts, status.runningTasks))]),
  ]
}

export function addStatusCommand({ program, parts: { texts }, action }: Registry): void {
  program
    .command('status')
    .description(texts.help.status.summary)
    .action(
      action(async (invocation) => {
        const status = await withClient(invocation, (client) => client.call('status', {}))
        answer(invocation, status, () => renderStatus(invocation, status))
      }),
    )
}
