export type Figures = Readonly<Record<string, number>>

/** What a bench measured: `figures` are the numbers an issue asks for, by key; `notes` say what they were measured against. */
export interface BenchResult {
  readonly name: string
  readonly figures: Figures
  /** The same and more of each run that the figures were taken from, by the run's name. */
  readonly runs?: Readonly<Record<string, Figures>>
  readonly notes: readonly string[]
}

function formatNumber(value: number): string {
  return value.toLocaleString('en-US', { maximumFractionDigits: 4 })
}

function formatTable(rows: readonly (readonly string[])[]): readonly string[] {
  const columns = rows[0]?.length ?? 0
  const widths = Array.from({ length: columns }, (_, at) =>
    Math.max(...rows.map((row) => row[at]?.length ?? 0)),
  )
  const align = (cell: string, at: number): string =>
    at === 0 ? cell.padEnd(widths[at] ?? 0) : cell.padStart(widths[at] ?? 0)
  return rows.map((row) => row.map(align).join('  ').trimEnd())
}

/** A row for each figure, a column for each run under the words of its name; a cell is empty where a run has no such figure. */
function formatRuns(runs: Readonly<Record<string, Figures>>): readonly string[] {
  const names = Object.keys(runs).map((name) => name.split(' '))
  const words = Math.max(...names.map(({ length }) => length))
  const heads = Array.from({ length: words }, (_, line) => ['', ...names.map((name) => name[line] ?? '')])
  const keys = [...new Set(Object.values(runs).flatMap((figures) => Object.keys(figures)))]
  const rows = keys.map((key) => {
    const values = Object.values(runs).map((figures) => figures[key])
    return [key, ...values.map((value) => (value === undefined ? '' : formatNumber(value)))]
  })
  return formatTable([...heads, ...rows])
}

/** `--json` prints one document for machines; otherwise a column of figures for people. */
export function printResult(result: BenchResult, options: { readonly json: boolean }): void {
  const { name, figures, runs, notes } = result
  if (options.json) {
    console.log(JSON.stringify({ name, figures, ...(runs === undefined ? {} : { runs }) }))
    return
  }
  console.log(name)
  for (const [key, value] of Object.entries(figures)) {
    console.log(`  ${key.padEnd(24)} ${formatNumber(value)}`)
  }
  for (const line of runs === undefined ? [] : formatRuns(runs)) console.log(`  ${line}`)
  for (const note of notes) console.log(`  (${note})`)
}
