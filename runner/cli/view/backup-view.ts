import type { BackupRow, RestoreResult } from '../../backup/backup-row.ts'
import type { Texts } from '../../text/texts.ts'
import { formatCount, formatWhen } from './format.ts'
import { renderPairs } from './table.ts'

/** Enough of an id to tell homes apart; --json has all of it. */
const ID_CHARS = 8

function rowPairs(texts: Texts, row: BackupRow): [string, string][] {
  const { labels, homeId, bytes, holds } = texts.view.backup
  const count = (value: number): string => formatCount(texts, value)
  const parts = [
    holds.sets(count(row.sets)),
    holds.scripts(count(row.scripts)),
    holds.secrets(count(row.secrets)),
    holds.tasks(count(row.tasks)),
    holds.waiting(count(row.waitingPoints)),
  ]
  return [
    [labels.made, formatWhen(texts, row.createdAtMs)],
    [labels.of, homeId(row.home, row.homeId.slice(0, ID_CHARS))],
    [labels.size, bytes(count(row.bytes))],
    [labels.holds, parts.join(' · ')],
  ]
}

/** What was written, and what it is not enough without. */
export function renderBackup(texts: Texts, row: BackupRow): string[] {
  const { written, keyApart } = texts.view.backup
  return [written(row.file), '', ...renderPairs(rowPairs(texts, row)), '', keyApart]
}

/** What a home is now, and what is left of what it was. */
export function renderRestore(texts: Texts, result: RestoreResult, home: string): string[] {
  const { restored, labels, replaced, hostBack, hostGone } = texts.view.backup
  const pairs = rowPairs(texts, result)
  if (result.replaced !== null) pairs.push([labels.replaced, replaced(result.replaced)])
  if (result.restoredFiles.length > 0) pairs.push([labels.files, result.restoredFiles.join('\n')])
  if (result.keptFiles.length > 0) pairs.push([labels.left, result.keptFiles.join('\n')])
  if (result.isHostBack !== null) pairs.push([labels.host, result.isHostBack ? hostBack : hostGone])
  return [restored(home, result.file), '', ...renderPairs(pairs)]
}
