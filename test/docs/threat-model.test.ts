import { existsSync, readFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { expect, it } from 'vitest'

const root = fileURLToPath(new URL('../..', import.meta.url))
const page = readFileSync(`${root}docs/threat-model.md`, 'utf8')

it('names no test that is not there, and a test for every threat', () => {
  const named = [...page.matchAll(/`(test\/[^`]+\.ts)`/g)].map((match) => match[1] ?? '')
  expect(named.length).toBeGreaterThan(30)
  expect(named.filter((path) => !existsSync(root + path))).toEqual([])
  const rows = page
    .split('\n')
    .filter((line) => line.startsWith('|') && !/^\|\s*-|^\| (asset|threat|it tries)/.test(line))
  const threats = rows.filter((line) => line.split('|').length === 5)
  expect(threats.length).toBeGreaterThan(50)
  expect(threats.filter((line) => !line.includes('`test/'))).toEqual([])
})
