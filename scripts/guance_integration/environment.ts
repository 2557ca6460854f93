/** What is left of a function's environment: which variables there are. */
export interface EnvironmentNames {
  readonly EnvironmentNames?: readonly string[]
}

interface Listed {
  Environment?: { readonly Variables?: unknown } | null
  EnvironmentNames?: readonly string[]
}

function keepNames(listed: Listed): void {
  const variables = listed.Environment?.Variables
  delete listed.Environment
  if (typeof variables !== 'object' || variables === null || Array.isArray(variables)) return
  listed.EnvironmentNames = Object.keys(variables).toSorted()
}

/**
 * SDK middleware of the Lambda client: a function's environment variables are often secrets, and ListFunctions returns
 * them. Their values are removed as soon as the reply is parsed, before any code that could log, store or send them.
 */
export function dropEnvironment<Args, Result extends { readonly output?: unknown }>(
  next: (args: Args) => Promise<Result>,
): (args: Args) => Promise<Result> {
  return async (args) => {
    const result = await next(args)
    const { Functions } = (result.output ?? {}) as { readonly Functions?: unknown }
    if (!Array.isArray(Functions)) return result
    for (const listed of Functions as (Listed | null)[]) if (listed !== null) keepNames(listed)
    return result
  }
}
