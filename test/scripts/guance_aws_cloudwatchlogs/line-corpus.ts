import { readdirSync, readFileSync } from 'node:fs'
import { fileURLToPath, pathToFileURL } from 'node:url'

const folder = fileURLToPath(new URL('../../cases/log-lines/', import.meta.url))

/** One file of messages, parted by lines of `%%`, as CloudWatch gives them: with their line ends. */
export interface CorpusFile {
  readonly name: string
  readonly messages: readonly string[]
  /** Where the expected reading of each message lies. */
  readonly expected: URL
}

export function readCorpus(): readonly CorpusFile[] {
  return readdirSync(folder)
    .filter((file) => file.endsWith('.log'))
    .toSorted()
    .map((file) => ({
      name: file.replace('.log', ''),
      messages: readFileSync(`${folder}${file}`, 'utf8').split('\n%%\n'),
      expected: pathToFileURL(`${folder}${file.replace('.log', '.json')}`),
    }))
}
