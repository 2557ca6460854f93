import type { PolicyDocument } from './policy-document.ts'
import type { PolicyReport } from './policy-report.ts'

/** In a heredoc `${` and `%{` begin expressions; in a policy they are text. */
function heredoc(document: PolicyDocument): string {
  const text = JSON.stringify(document, undefined, 2).replaceAll(/[$%](?=\{)/g, (sign) => `${sign}${sign}`)
  return `<<-JSON\n${text}\n  JSON`
}

function block(type: string, name: string, lines: readonly string[]): string {
  return [`resource "${type}" "${name}" {`, ...lines.map((line) => `  ${line}`), '}', ''].join('\n')
}

function roleNameOf(roleArn: string): string {
  return roleArn.split('/').at(-1) ?? ''
}

function renderReport({ roleArn, policy, trust, assume }: PolicyReport, number: number): string {
  const name = number === 1 ? 'guance' : `guance_${number}`
  const suffix = number === 1 ? '' : `-${number}`
  const parts = [
    block('aws_iam_policy', name, [`name   = "guance-collector${suffix}"`, `policy = ${heredoc(policy)}`]),
  ]
  if (roleArn !== null && trust !== null) {
    parts.push(
      block('aws_iam_role', name, [
        `name               = "${roleNameOf(roleArn)}"`,
        `assume_role_policy = ${heredoc(trust)}`,
      ]),
      block('aws_iam_role_policy_attachment', name, [
        `role       = aws_iam_role.${name}.name`,
        `policy_arn = aws_iam_policy.${name}.arn`,
      ]),
    )
  }
  if (assume !== null) {
    const lines = [`name   = "guance-assume${suffix}"`, `policy = ${heredoc(assume)}`]
    parts.push(block('aws_iam_policy', `${name}_assume`, lines))
  }
  return parts.join('\n')
}

/** The reports as Terraform; attach `guance_assume` to whoever assumes the role, in their own account. */
export function renderTerraform(reports: readonly PolicyReport[]): string {
  return reports.map((report, index) => renderReport(report, index + 1)).join('\n')
}
