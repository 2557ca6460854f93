/**
 * `--import`ed into a host: at SIGUSR2 it collects its garbage and writes what it holds into the file that MEASURE_FILE
 * names. Needs --expose-gc.
 */
import { renameSync, writeFileSync } from 'node:fs'

const path = process.env['MEASURE_FILE'] ?? ''

process.on('SIGUSR2', () => {
  globalThis.gc?.()
  const { rss, heapUsed, external } = process.memoryUsage()
  const handles = process.getActiveResourcesInfo().length
  writeFileSync(`${path}.new`, JSON.stringify({ rss, heapUsed, external, handles }))
  renameSync(`${path}.new`, path)
})
