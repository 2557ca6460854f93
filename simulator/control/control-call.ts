import type { SimulatorInfo } from '../server.ts'
import type { Simulation } from '../simulation.ts'
import type { Input } from './input.ts'

/** One call of the control API. */
export interface ControlCall {
  readonly simulation: Simulation
  readonly info: SimulatorInfo
  readonly query: URLSearchParams
  readonly input: Input
}

/** Answers a call with what becomes its JSON body. Throws ControlError for what it cannot do. */
export type Handler = (call: ControlCall) => object
