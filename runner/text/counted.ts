/** `1 request`, `1,234 requests`: a count as it is shown, with a noun whose plural ends in s. */
export function counted(count: number | string, noun: string): string {
  return `${count} ${String(count) === '1' ? noun : `${noun}s`}`
}
