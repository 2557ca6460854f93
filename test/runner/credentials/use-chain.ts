import { onTestFinished, vi } from 'vitest'

/** What the SDK's default chain finds for the length of a test; empty texts are unset. */
export function useChain(values: Readonly<Record<string, string>>): void {
  const none = { AWS_PROFILE: '', AWS_SESSION_TOKEN: '', AWS_EC2_METADATA_DISABLED: 'true' }
  const files = { AWS_CONFIG_FILE: '/dev/null', AWS_SHARED_CREDENTIALS_FILE: '/dev/null' }
  for (const [name, value] of Object.entries({ ...none, ...files, ...values })) {
    vi.stubEnv(name, value === '' ? undefined : value)
  }
  onTestFinished(() => void vi.unstubAllEnvs())
}
