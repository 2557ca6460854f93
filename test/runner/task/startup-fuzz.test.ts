import { expect, it } from 'vitest'
import { fuzzStartupScripts } from '../../fuzz/startup-scripts.ts'

it('loads a Startup script, or says by name why not', async () => {
  await expect(fuzzStartupScripts(14)).resolves.toBeUndefined()
})
