/** How further lines of one log begin when each is an event of its own. All are anchored, so that reading stays linear. */
const CONTINUATIONS: readonly RegExp[] = [
  // Indented, or empty: `    at handler (/var/task/index.js:3:9)`, `  File "/var/task/app.py", line 3`.
  /^\s/,
  /^at (?:async |new )?(?:file:|node:|\/|[A-Za-z_$<][\w$.<>/]{0,300} ?[([])/,
  /^File "/,
  /^Caused by: /,
  /^Suppressed: /,
  /^\.{3} \d{1,6} (?:more|common frames omitted)/,
  /^During handling of the above exception, /,
  /^The above exception was the direct cause of /,
  /^---> /,
  /^goroutine \d{1,12} \[/,
  /^created by \S/,
  /^from \S{1,500}:\d{1,9}:in /,
  // The end of an object that was printed over several lines.
  /^[\])}]+[,;]?\s*$/,
]

/** Whether a line reads like a further line of the log before it. */
export function isContinuation(message: string): boolean {
  return message === '' || CONTINUATIONS.some((pattern) => pattern.test(message))
}
