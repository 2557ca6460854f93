import { DAY_MS, type EpochMs } from '../../core/time.ts'
import type { BillLine } from '../truth/billing.ts'
import type { ControlCall } from './control-call.ts'
import { checkKeys, flagOf, numberOf, required, textOf } from './input.ts'

/** `{linked, usageTypes, pageRows, resources, revisions}`: what the bill is like from now on; what is left out stays. */
export function setBilling({ simulation, input }: ControlCall): object {
  checkKeys(input, ['linked', 'usageTypes', 'pageRows', 'resources', 'revisions'])
  const { billing } = simulation
  const before = billing.options
  billing.options = {
    linked: numberOf(input, 'linked') ?? before.linked,
    usageTypes: numberOf(input, 'usageTypes') ?? before.usageTypes,
    pageRows: numberOf(input, 'pageRows') ?? before.pageRows,
    resources: flagOf(input, 'resources') ?? before.resources,
    revisions: flagOf(input, 'revisions') ?? before.revisions,
  }
  return billing.options
}

/** Requests to Cost Explorer that were paid for, by day of the simulator's clock, and in USD. */
export function showPaid({ simulation }: ControlCall): object {
  const { byDay, usd, repeated } = simulation.paid
  return { byDay, usd, repeated }
}

/** Decimal text of a sum in units of 10⁻¹⁰. */
function exact(units: number): string {
  const digits = String(Math.abs(units)).padStart(11, '0')
  return `${units < 0 ? '-' : ''}${digits.slice(0, -10)}.${digits.slice(-10)}`
}

function show({ dayMs, accountId, service, usageType, team, units }: BillLine): object {
  return {
    day: new Date(dayMs).toISOString().slice(0, 10),
    accountId,
    service,
    usageType,
    team,
    amount: exact(units),
  }
}

/** `{startMs, endMs, accountId?, now?}`: the bill as it is in the end, or with `now` as AWS says it now; of one account or of all that are paid for. */
export function showBill({ simulation, input }: ControlCall): object {
  checkKeys(input, ['startMs', 'endMs', 'accountId', 'now'])
  const startMs: EpochMs = required(numberOf(input, 'startMs'), 'startMs')
  const endMs: EpochMs = required(numberOf(input, 'endMs'), 'endMs')
  const { billing, options, clock } = simulation
  const only = textOf(input, 'accountId')
  const accountIds = only === undefined ? billing.visibleTo(options.accountIds[0] ?? '') : [only]
  const lines: BillLine[] = []
  for (const accountId of accountIds) {
    for (let dayMs = startMs; dayMs < endMs; dayMs += DAY_MS) {
      const ofDay =
        flagOf(input, 'now') !== true
          ? billing.finalLines(accountId, dayMs)
          : billing.linesAt(accountId, dayMs, clock.nowMs())
      lines.push(...ofDay)
    }
  }
  return { total: exact(lines.reduce((sum, { units }) => sum + units, 0)), lines: lines.map(show) }
}
