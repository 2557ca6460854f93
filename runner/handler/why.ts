import type { Explanation } from '../../core/script.ts'
import type { HostHandlers } from '../host-api.ts'
import type { HostParts } from '../host-parts.ts'
import type { StartupScript } from '../store/store.ts'
import { resolveTarget } from '../target.ts'

async function listScripts(parts: HostParts, target: string | null): Promise<readonly StartupScript[]> {
  return target === null ? parts.store.scripts.list() : [(await resolveTarget(parts, target)).script]
}

/** One series explained, by each deployed script that knows it. */
export function makeWhyHandlers(parts: HostParts): Pick<HostHandlers, 'why'> {
  return {
    why: async ({ target, name, metric }, _onEvent, signal) => {
      const question = metric === null ? { name } : { name, metric }
      const explanations: Explanation[] = []
      for (const { scriptId, functions } of await listScripts(parts, target)) {
        for (const { funcId } of functions) {
          const exportName = funcId.slice(scriptId.length + 1)
          // One after another: each is a process.
          const { value } = await parts.tasks.ask({ mode: 'explain', scriptId, exportName, question, signal })
          if (value.mode === 'explain') explanations.push(...value.explanations)
        }
      }
      return explanations
    },
  }
}
