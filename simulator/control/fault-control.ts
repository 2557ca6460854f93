import { FAULT_KINDS } from '../aws/fault-kind.ts'
import { DEFAULT_CHAOS } from '../aws/fault.ts'
import { AWS_QUOTAS, type Quotas } from '../aws/quota.ts'
import type { ControlCall } from './control-call.ts'
import {
  checkKeys,
  ControlError,
  flagOf,
  type Input,
  numberOf,
  required,
  shareOf,
  textOf,
  textsOf,
  wordOf,
} from './input.ts'

/** Adds a fault; `{"clear": true}` forgets all that are still to come, random ones too. Without `times` one call fails, with `probability` any number. */
export function addFault({ simulation, input }: ControlCall): object {
  checkKeys(input, ['api', 'kind', 'times', 'region', 'probability', 'seed', 'clear'])
  if (input.clear === true) simulation.faults.clear()
  if (input.api !== undefined) {
    const region = textOf(input, 'region')
    const probability = shareOf(input, 'probability')
    const seed = numberOf(input, 'seed')
    simulation.faults.add({
      api: required(textOf(input, 'api'), 'api'),
      kind: wordOf(input, 'kind', FAULT_KINDS),
      times: numberOf(input, 'times') ?? (probability === undefined ? 1 : Number.POSITIVE_INFINITY),
      ...(region === undefined ? {} : { region }),
      ...(probability === undefined ? {} : { probability }),
      ...(seed === undefined ? {} : { seed }),
    })
  }
  return { faults: simulation.faults.list() }
}

/** `{"seed", "rate", "kinds"?, "apis"?}` starts random faults anew; `{"rate": 0}` ends them. */
export function setChaos({ simulation, input }: ControlCall): object {
  checkKeys(input, ['seed', 'rate', 'kinds', 'apis'])
  const kinds = textsOf(input, 'kinds')?.map((kind) => wordOf({ kinds: kind }, 'kinds', FAULT_KINDS))
  simulation.faults.setChaos({
    seed: numberOf(input, 'seed') ?? DEFAULT_CHAOS.seed,
    rate: required(shareOf(input, 'rate'), 'rate'),
    kinds: kinds ?? DEFAULT_CHAOS.kinds,
    apis: textsOf(input, 'apis') ?? DEFAULT_CHAOS.apis,
  })
  return simulation.faults.chaos()
}

/** The requests a second that are in force; null while none are. */
export function showQuotas({ simulation }: ControlCall): object {
  return { quotas: simulation.quotas.quotas() ?? null }
}

function parseQuotas(value: unknown): Quotas {
  if (typeof value !== 'object' || value === null) throw new ControlError('quotas must be an object')
  const input: Input = { ...value }
  return Object.fromEntries(
    Object.keys(input).map((action) => [action, required(numberOf(input, action), action)]),
  )
}

/** `{"on": true}` takes AWS's own, `{"quotas": {action: perSec}}` others, `{"on": false}` none. */
export function setQuotas(call: ControlCall): object {
  const { simulation, input } = call
  checkKeys(input, ['on', 'quotas'])
  const isOn = flagOf(input, 'on') ?? true
  const quotas = input.quotas === undefined ? AWS_QUOTAS : parseQuotas(input.quotas)
  simulation.quotas.set(isOn ? quotas : undefined)
  return showQuotas(call)
}
