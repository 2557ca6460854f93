/**
 * What is known of weaknesses in the packages that users install. Information and no verdict: an advisory may appear on
 * any day without a change of ours, and a machine without a network must still be able to check everything else.
 */
import { spawnSync } from 'node:child_process'

/** npm waits minutes for a registry that does not answer. */
const LIMIT_MS = 30_000

/** The part of `npm audit --json` that is read. */
interface Report {
  readonly vulnerabilities?: Readonly<
    Record<string, { readonly severity?: string; readonly range?: string; readonly fixAvailable?: unknown }>
  >
  readonly statusCode?: number
  readonly error?: { readonly code?: string; readonly summary?: string }
}

function parse(text: string): Report | undefined {
  try {
    return JSON.parse(text) as Report
  } catch {
    return undefined
  }
}

/** One line for each weak package, or one that says that there is none or that nobody could be asked. */
export function describeAudit(text: string): readonly string[] {
  const report = parse(text)
  if (report?.vulnerabilities === undefined) {
    const why = report?.error?.code ?? report?.statusCode ?? 'no answer'
    return [`The registry cannot be asked for advisories here (${why}).`]
  }
  const found = Object.entries(report.vulnerabilities)
  if (found.length === 0) return ['No advisories for the packages that users install.']
  return found.map(([name, { severity = 'unknown', range = '', fixAvailable }]) => {
    const fix = fixAvailable === false ? 'no fix yet' : 'a fix is available'
    return `${severity}: ${name} ${range} (${fix})`
  })
}

/** Asks the registry that npm is set to, for what is installed at run time alone. Never throws. */
export function audit(root: string, npm = 'npm'): readonly string[] {
  const args = ['audit', '--json', '--omit=dev', '--omit=optional']
  // Null without npm, whatever its type says; that is read as no answer too.
  const { stdout } = spawnSync(npm, args, { cwd: root, encoding: 'utf8', timeout: LIMIT_MS })
  return describeAudit(stdout)
}
