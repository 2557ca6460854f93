import { readdirSync, readFileSync } from 'node:fs'
import { describe, expect, it } from 'vitest'
import { validate } from '../../../core/dff.ts'
import { findCatalogue } from '../../../scripts/guance_aws_cloudwatch/catalogue.ts'

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

  it('knows nothing of other namespaces', () => {
    expect(findCatalogue('AWS/SQS')).toBeUndefined()
  })
})
