import { DffError } from '../../core/error.ts'
import { REGIONS } from '../../core/regions.generated.ts'
import type { Access } from '../../core/script.ts'
import type { HostHandlers } from '../host-api.ts'
import type { HostParts } from '../host-parts.ts'
import { makePolicyReports } from '../policy/policy-report.ts'
import type { StartupScript } from '../store/store.ts'
import { resolveTarget } from '../target.ts'

async function listScripts(parts: HostParts, setIds: readonly string[]): Promise<readonly StartupScript[]> {
  if (setIds.length === 0) return parts.store.scripts.list()
  return Promise.all(setIds.map(async (setId) => (await resolveTarget(parts, setId)).script))
}

function checkPartition(partition: string | null): void {
  const known = [...new Set(Object.values(REGIONS).map((region) => region.partition))]
  if (partition === null || known.includes(partition)) return
  throw new DffError({
    code: 'BAD_PARAMETER',
    place: '--partition',
    expected: `one of ${known.join(', ')}`,
    got: partition,
    remedy: 'Leave it out: the partition is that of the role or of the regions.',
  })
}

/** A trust policy needs the external id itself, also where this home makes it. */
async function withExternalId({ externalIds }: HostParts, access: Access): Promise<Access> {
  const { roleArn, externalId } = access
  if (roleArn === undefined || externalId === undefined) return access
  return { ...access, externalId: await externalIds.resolveFor(roleArn, externalId) }
}

/** The least that what is configured must be allowed, by each deployed script or by those that are named. */
export function makePolicyHandlers(parts: HostParts): Pick<HostHandlers, 'policy'> {
  return {
    policy: async ({ setIds, partition }, _onEvent, signal) => {
      checkPartition(partition)
      const accesses: Access[] = []
      for (const { scriptId, functions } of await listScripts(parts, setIds)) {
        for (const { funcId } of functions) {
          const exportName = funcId.slice(scriptId.length + 1)
          // One after another: each is a process.
          const { value } = await parts.tasks.ask({ mode: 'access', scriptId, exportName, signal })
          if (value.mode === 'access') accesses.push(...value.access)
        }
      }
      const known = await Promise.all(accesses.map(async (access) => withExternalId(parts, access)))
      return makePolicyReports(known, partition)
    },
  }
}
