import { describe, expect, it } from 'vitest'
import { expectGolden } from '../golden.ts'
import { caseFile, listCases, readCase, runCase } from './golden-case.ts'

/** Objects carry the time of the run and nothing else depends on it. */
const NOW = '2026-02-10T08:36:00Z'

/** Stands in the environment of functions in every case, as secrets do. */
const ENVIRONMENT_VALUE = 'must-not-appear'

describe('objects', () => {
  it.each(listCases('objects'))('of the case %s are its lines, without any environment', async (name) => {
    const folder = `objects/${name}`
    expect(readCase(`${folder}/aws.json`)).toContain(ENVIRONMENT_VALUE)
    const lines = await runCase(folder, NOW, 'custom_object')
    expect(lines).not.toContain(ENVIRONMENT_VALUE)
    expectGolden(lines, caseFile(`${folder}/expected.lp`))
  })
})
