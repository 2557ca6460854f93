import type { Command } from 'commander'
import type { CliParts, ExitCode, Invocation } from './invocation.ts'

/** A command's body: what it was called with, then its arguments, then its options. */
export type Body<Args extends unknown[]> = (invocation: Invocation, ...args: Args) => Promise<ExitCode | void>

/** What a command family needs to add itself. */
export interface Registry {
  readonly program: Command
  readonly parts: CliParts
  /** Makes commander's action from a command's body and remembers the exit code that it returns. */
  readonly action: <Args extends unknown[]>(body: Body<Args>) => (...received: unknown[]) => Promise<void>
}

/** A command that only holds others; `dff market help` would be one way too many to ask for help. */
export function addGroup(program: Command, name: string, description: string): Command {
  return program.command(name).description(description).helpCommand(false)
}
