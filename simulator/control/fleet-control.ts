import { parseChange, parseLate } from '../fleet-part.ts'
import type { ControlCall } from './control-call.ts'
import { checkKeys, ControlError, flagOf, required } from './input.ts'

/** Whether data come late, and how. */
export function showLate({ simulation }: ControlCall): object {
  return { late: simulation.truth.late ?? null }
}

/** `{"on": true}` with any of the delays turns late data on, `{"on": false}` off; for minutes that are past, too. */
export function setLate(call: ControlCall): object {
  const { on, ...delays } = call.input
  const isOn = flagOf({ on }, 'on') ?? true
  call.simulation.truth.setLate(isOn ? parseLate(delays) : undefined)
  return showLate(call)
}

/** Whether ListMetrics follows AWS's rules of appearing and vanishing. */
export function showListing({ simulation }: ControlCall): object {
  return { on: simulation.listing.isOn }
}

/** `{"on": true}` or `{"on": false}`. */
export function setListing(call: ControlCall): object {
  checkKeys(call.input, ['on'])
  call.simulation.listing.isOn = required(flagOf(call.input, 'on'), 'on')
  return showListing(call)
}

/** One change of a function, now unless it says when: `{"index", "kind", "atMs"?, …}`. */
export function changeFunction({ simulation, input }: ControlCall): object {
  const { accountIds, functions } = simulation.options
  const change = parseChange(input, { accountIds, nowMs: simulation.clock.nowMs() })
  if (change.index >= functions)
    throw new ControlError(`index must be below ${functions}, got ${change.index}`)
  simulation.truth.change(change)
  return { changes: simulation.truth.fleet.options.changes ?? [] }
}
