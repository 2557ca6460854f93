import { describe, expect, it } from 'vitest'
import { expectGolden } from '../golden.ts'
import { caseFile, listCases, readCase, runCase } from './golden-case.ts'

describe('metrics', () => {
  it.each(listCases('metrics'))('of the case %s are its lines', async (name) => {
    const folder = `metrics/${name}`
    const now = readCase(`${folder}/now`).trim()
    const lines = await runCase(folder, now, 'metric')
    expect(lines).not.toBe('')
    expectGolden(lines, caseFile(`${folder}/expected.lp`))
  })
})
