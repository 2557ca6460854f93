import { mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { dirname } from 'node:path'
import { fileURLToPath } from 'node:url'
import { expect } from 'vitest'

/** Compares a text with a golden file beside the test; `UPDATE_GOLDEN=1` rewrites the file instead, for review in the diff. */
export function expectGolden(text: string, file: URL): void {
  const path = fileURLToPath(file)
  if (process.env['UPDATE_GOLDEN'] === '1') {
    mkdirSync(dirname(path), { recursive: true })
    writeFileSync(path, text)
  }
  expect(text).toBe(readFileSync(path, 'utf8'))
}
