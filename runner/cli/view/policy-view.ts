import type { PolicyDocument } from '../../policy/policy-document.ts'
import type { PolicyReport } from '../../policy/policy-report.ts'
import type { Texts } from '../../text/texts.ts'

function documentLines(title: string, document: PolicyDocument): string[] {
  return [`# ${title}`, ...JSON.stringify(document, undefined, 2).split('\n'), '']
}

function renderReport(texts: Texts, report: PolicyReport): string[] {
  const { view } = texts
  const { account, roleArn, policy, trust, assume } = report
  return [
    ...documentLines(view.policy.collect(roleArn ?? account), policy),
    ...(trust === null || roleArn === null ? [] : documentLines(view.policy.trust(roleArn), trust)),
    ...(trust === null && roleArn !== null ? [`# ${view.policy.noPrincipal}`, ''] : []),
    ...(assume === null ? [] : documentLines(view.policy.assume, assume)),
  ]
}

/** Each policy as JSON under a line that says what it is for. */
export function renderPolicies(texts: Texts, reports: readonly PolicyReport[]): string[] {
  if (reports.length === 0) return [texts.view.policy.none]
  return reports.flatMap((report) => renderReport(texts, report))
}
