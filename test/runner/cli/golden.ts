import { mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { expect } from 'vitest'

const FOLDER = fileURLToPath(new URL('golden/', import.meta.url))

/** Compares with golden/<name>.txt; `UPDATE_GOLDEN=1` writes it instead, for the eye of a reviewer. */
export function expectGolden(name: string, text: string): void {
  const path = `${FOLDER}${name}.txt`
  if (process.env['UPDATE_GOLDEN'] === '1') {
    mkdirSync(FOLDER, { recursive: true })
    writeFileSync(path, text)
  }
  expect(text).toBe(readFileSync(path, 'utf8'))
}
