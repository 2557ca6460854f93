/** What a bench measured: `figures` are the numbers an issue asks for, by key; `notes` say what they were measured against. */
export interface BenchResult {
  readonly name: string
  readonly figures: Readonly<Record<string, number>>
  readonly notes: readonly string[]
}

/** `--json` prints one document for machines; otherwise a column of figures for people. */
export function printResult(result: BenchResult, options: { readonly json: boolean }): void {
  if (options.json) {
    console.log(JSON.stringify({ name: result.name, figures: result.figures }))
    return
  }
  console.log(result.name)
  for (const [key, value] of Object.entries(result.figures)) {
    console.log(`  ${key.padEnd(24)} ${value.toLocaleString('en-US', { maximumFractionDigits: 3 })}`)
  }
  for (const note of result.notes) console.log(`  (${note})`)
}
