/** For what happens by itself in milliseconds, on a machine that others keep busy: vitest's own second is too short there. */
export const PATIENCE = { timeout: 20_000 } as const
