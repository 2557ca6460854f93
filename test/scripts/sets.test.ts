import { readdirSync, readFileSync } from 'node:fs'
import { describe, expect, it } from 'vitest'
import { validate } from '../../core/dff.ts'
import { findCatalogue } from '../../scripts/guance_aws_cloudwatch/catalogue.ts'

const root = new URL('../../', import.meta.url)
const sets = readdirSync(new URL('scripts/', root))

function read(path: string): string {
  return readFileSync(new URL(path, root), 'utf8')
}

describe.each(sets)('the set %s', (id) => {
  const manifest = validate('set', JSON.parse(read(`scripts/${id}/set.json`)), `${id}/set.json`)

  it('bears its folder’s name, explains itself and says what changed', () => {
    expect(manifest.id).toBe(id)
    expect(read(`scripts/${id}/README.md`)).toMatch(/^# /)
    expect(read(`scripts/${id}/CHANGELOG.md`)).toContain(`## ${manifest.version}`)
  })

  it('requires sets that exist', () => {
    expect(manifest.requires.filter((required) => !sets.includes(required))).toEqual([])
  })
})

describe('the Startup template of guance_aws_lambda', () => {
  const template = read('scripts/guance_aws_lambda/startup.ts.template')

  it('asks for nothing that the form does not have, and leaves out nothing of it', () => {
    const form = JSON.parse(read('schemas/parameters/guance_aws_lambda.schema.json')) as {
      properties: Record<string, { writeOnly?: boolean }>
    }
    const placeholders = [...template.matchAll(/\{\{((?:secret:)?\w+)\}\}/g)].map((match) => match[1])
    const parameters = Object.entries(form.properties).map(([name, { writeOnly }]) =>
      writeOnly === true ? `secret:${name}` : name,
    )
    // Where data goes is no parameter of the form.
    const expected = [...parameters, 'connector']
    expect(new Set(placeholders)).toEqual(new Set(expected))
  })

  it('has each placeholder on a line of its own, so that a line without a value can go', () => {
    const lines = template.split('\n').filter((line) => line.includes('{{'))
    expect(lines.filter((line) => line.split('{{').length > 2)).toEqual([])
  })

  it('collects the 19 metrics of the user’s document', () => {
    const seed = Object.entries(findCatalogue('AWS/Lambda')?.metrics ?? {}).flatMap(([name, metric]) =>
      metric.seed === true ? [name] : [],
    )
    const listed = [...template.matchAll(/^ {8}'(\w+)',$/gm)].map((match) => match[1])
    expect(listed).toEqual(seed)
  })
})
