type Defined<T> = { [K in keyof T as undefined extends T[K] ? never : K]: T[K] } & {
  [K in keyof T as undefined extends T[K] ? K : never]?: Exclude<T[K], undefined>
}

/** The object without the properties that are undefined: what is unknown is left out, never written as a value. */
export function defined<T extends object>(parts: T): Defined<T> {
  // The type says what the filter does; Object.fromEntries knows no keys.
  return Object.fromEntries(Object.entries(parts).filter(([, value]) => value !== undefined)) as Defined<T>
}
