/** What can be stored as state, sent between processes and shown with `--json`. */
export type Json = null | boolean | number | string | readonly Json[] | { readonly [key: string]: Json }
