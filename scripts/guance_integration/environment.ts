/**
 * SDK middleware of the Lambda client: a function's environment variables are often secrets, and ListFunctions returns
 * them. They are removed as soon as the reply is parsed, before any code that could log, store or send them.
 */
export function dropEnvironment<Args, Result extends { readonly output?: unknown }>(
  next: (args: Args) => Promise<Result>,
): (args: Args) => Promise<Result> {
  return async (args) => {
    const result = await next(args)
    const { Functions } = (result.output ?? {}) as { readonly Functions?: unknown }
    if (Array.isArray(Functions)) {
      for (const listed of Functions as { Environment?: unknown }[]) delete listed.Environment
    }
    return result
  }
}
