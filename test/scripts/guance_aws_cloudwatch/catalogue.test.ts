import { readdirSync, readFileSync } from 'node:fs'
import { describe, expect, it } from 'vitest'
import { validate } from '../../../core/dff.ts'
import { findCatalogue } from '../../../scripts/guance_aws_cloudwatch/catalogue.ts'
import { sortNames } from '../../../scripts/guance_aws_cloudwatch/series.ts'
import { compileStatistics } from '../../../scripts/guance_aws_cloudwatch/statistics.ts'

const folder = new URL('../../../scripts/guance_aws_cloudwatch/catalogue/', import.meta.url)

describe('the catalogues', () => {
  it.each(readdirSync(folder))('%s satisfies its schema and can be found', (file) => {
    const value: unknown = JSON.parse(readFileSync(new URL(file, folder), 'utf8'))
    const catalogue = validate('catalogue', value, file)
    expect(findCatalogue(catalogue.namespace)).toEqual(catalogue)
  })

  it('knows the 68 metrics that AWS documents for Lambda, 19 of them in the user’s document', () => {
    const metrics = Object.values(findCatalogue('AWS/Lambda')?.metrics ?? {})
    expect(metrics).toHaveLength(68)
    expect(metrics.filter(({ seed }) => seed)).toHaveLength(19)
  })

  it.each(readdirSync(folder))(
    '%s asks for statistics that cost one billed metric, and doubles no set',
    (file) => {
      const { namespace } = JSON.parse(readFileSync(new URL(file, folder), 'utf8')) as { namespace: string }
      const { grain, metrics } = findCatalogue(namespace) ?? { grain: [], metrics: {} }
      const useful = compileStatistics()
      for (const [metric, known] of Object.entries(metrics)) {
        const asked = useful(metric, known)
        expect(asked.length).toBeLessThanOrEqual(5)
        expect(
          asked.every((statistic) => /^(Average|Maximum|Minimum|SampleCount|Sum|p\d+)$/.test(statistic)),
        ).toBe(true)
        const main = known.grain === undefined || known.grain === 'listed' ? grain : known.grain
        const sets = [main, ...(known.furtherGrains ?? [])].map((names) => sortNames(names).join())
        expect(new Set(sets).size).toBe(sets.length)
      }
    },
  )

  it('knows what AWS documents of queues, tables and Lambda Insights', () => {
    const countOf = (namespace: string) => Object.keys(findCatalogue(namespace)?.metrics ?? {}).length
    expect(['AWS/SQS', 'AWS/DynamoDB', 'LambdaInsights'].map(countOf)).toEqual([16, 44, 13])
  })

  it('knows nothing of other namespaces', () => {
    expect(findCatalogue('AWS/EC2')).toBeUndefined()
  })
})
