import { makePrintable } from '../terminal.ts'
import { padEnd, padStart, textWidth } from './text-width.ts'

const GAP = '  '

/** A number with its currency or sign stands right-aligned, so that digits line up. */
const NUMERIC = /^[-+]?(< )?([A-Z]{3} )?[\d,]+(\.\d+)?$/

/** A table as lines, headings first, nothing cut off: ids have to stay copyable. Columns of numbers align right. */
export function renderTable(headings: readonly string[], rows: readonly (readonly string[])[]): string[] {
  const cells = rows.map((row) => row.map((cell) => makePrintable(cell).replaceAll('\n', ' ')))
  const columns = headings.map((heading, index) => {
    const values = cells.map((row) => row[index] ?? '')
    const filled = values.filter((value) => value !== '' && value !== '-')
    return {
      width: Math.max(textWidth(heading), ...values.map(textWidth)),
      isNumeric: filled.length > 0 && filled.every((value) => NUMERIC.test(value)),
    }
  })
  const renderRow = (row: readonly string[]): string =>
    columns
      .map(({ width, isNumeric }, index) => (isNumeric ? padStart : padEnd)(row[index] ?? '', width))
      .join(GAP)
      .trimEnd()
  return [headings, ...cells].map(renderRow)
}

/** `label  value` lines with the values in one column; a value of several lines keeps to its column. */
export function renderPairs(pairs: readonly (readonly [string, string])[]): string[] {
  const width = Math.max(0, ...pairs.map(([label]) => textWidth(label)))
  return pairs.flatMap(([label, value]) => {
    const [first = '', ...rest] = makePrintable(value).split('\n')
    const margin = ' '.repeat(width + GAP.length)
    return [`${padEnd(label, width)}${GAP}${first}`.trimEnd(), ...rest.map((line) => `${margin}${line}`)]
  })
}

export function indent(lines: readonly string[]): string[] {
  return lines.map((line) => (line === '' ? '' : `  ${line}`))
}
