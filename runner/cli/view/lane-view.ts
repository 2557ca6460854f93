import type { LaneRow } from '../../host-report.ts'
import type { Texts } from '../../text/texts.ts'
import { formatCount, formatWhen } from './format.ts'
import { renderTable } from './table.ts'

const BYTES_PER_MB = 1024 ** 2

/** Part of a connector's bound that is taken, in whole percent. */
function formatShare(texts: Texts, { waitingBytes, deadBytes, maxBytes }: LaneRow): string {
  return formatCount(texts, Math.floor((100 * (waitingBytes + deadBytes)) / maxBytes))
}

/** What somebody should do something about: an outbox that fills up, collection that pauses, delivery that stopped. */
export function renderLaneWarnings(texts: Texts, lanes: readonly LaneRow[]): string[] {
  const { filling, paused, stopped } = texts.view.status
  return lanes.flatMap((lane) => {
    const { connectorId: id, pressure, delivery } = lane
    const maxMb = formatCount(texts, Math.round(lane.maxBytes / BYTES_PER_MB))
    const say = { low: undefined, high: filling, paused }[pressure]
    return [
      ...(delivery === 'stopped' ? [stopped(id)] : []),
      ...(say === undefined ? [] : [say(id, formatShare(texts, lane), maxMb)]),
    ]
  })
}

/** Every connector with what waits for it. */
export function renderLanes(texts: Texts, lanes: readonly LaneRow[]): string[] {
  const { connectorColumns, delivery, share } = texts.view.status
  const rows = lanes.map((lane) => [
    lane.connectorId,
    lane.config?.type ?? texts.view.connector.notSet,
    delivery[lane.delivery],
    formatCount(texts, lane.waitingPoints),
    formatWhen(texts, lane.oldestWaitingMs),
    formatCount(texts, lane.deadPoints),
    share(formatShare(texts, lane)),
    lane.lastError ?? texts.view.none,
  ])
  return renderTable(connectorColumns, rows)
}
