/**
 * What is a key or a token by its looks, so that it is hidden although nobody named it: a script may print what it got
 * elsewhere, and the errors of libraries carry URLs and headers. In each pattern the first group is kept.
 */

/** Up to the end of a query argument, whatever the text around it is. */
const ARGUMENT = String.raw`[^&\s"'<>\\%]+`

const IN_QUERY = String.raw`(?:[?&]|%3[Ff]|%26)`

const SIGNED = 'X-Amz-Signature|X-Amz-Security-Token'

const HEADER_VALUE = String.raw`[A-Za-z0-9._~+/=-]`

/** A word of ordinary prose may follow ("Bearer authentication"); a token has a digit in it or is long. */
const TOKEN = String.raw`(?:(?=${HEADER_VALUE}*[\d_~+/=])${HEADER_VALUE}{8,}|${HEADER_VALUE}{16,})`

/** A quote, as JSON within JSON within JSON has it too: loggers put objects that were made texts into objects. */
const QUOTE = String.raw`\\{0,8}["']?`

/** Where a word begins, also behind a line break or tab as JSON writes it, whose letter would belong to the word. */
const START = String.raw`(?:\b|(?<=\\[bfnrt]))`

/** Regular expressions, each with at most one group. */
export const SECRET_SHAPES: readonly string[] = [
  // A DataWay URL carries its token in the query, a presigned URL its signature.
  String.raw`(${IN_QUERY}(?:token|access_token|${SIGNED})(?:=|%3[Dd]))${ARGUMENT}`,
  // A proxy URL carries its password.
  String.raw`(?<=\w:\/\/)[^\s/@"'<>\\]+(?=@)`,
  // Guance's workspace and agent tokens.
  String.raw`${START}(tkn_|agnt_)\w{6,}`,
  // Access key ids of AWS, long-lived and temporary; the last four tell which one it was.
  String.raw`${START}(AKIA|ASIA)[A-Z0-9]{12}(?=[A-Z0-9]{4}\b)`,
  // JSON Web Tokens: two parts in base64url that begin as {" does. Only near the beginning of a run of their letters: a text
  // that begins one over and over would else take the square of its length.
  String.raw`eyJ(?<=(?:(?<![\w-])|(?<=\\[bfnrt]))(?:\w{1,32}-){0,4}eyJ)[\w-]{5,}\.[\w-]{5,}(?:\.[\w-]*)?`,
  String.raw`${START}([Bb]earer\s+)${TOKEN}`,
  String.raw`([Aa]uthorization${QUOTE}\s*[:=]\s*${QUOTE}[Bb]asic\s+)${HEADER_VALUE}+`,
  // Signature Version 4, as a header says it.
  String.raw`\b(Signature=)[0-9a-f]{16,64}`,
  // As credentials files, environments and STS write them.
  String.raw`((?:[Ss]ecret_?[Aa]ccess_?[Kk]ey|SECRET_ACCESS_KEY|[Ss]ession_?[Tt]oken|SESSION_TOKEN)${QUOTE}\s*[:=]\s*${QUOTE})[A-Za-z0-9+/=]{16,}`,
]

const SHAPES = new RegExp(SECRET_SHAPES.join('|'), 'g')

/** What stands for a hidden value, as Func prints it (guance.md §4.8). */
export const HIDDEN = '*****'

/** The text with everything hidden that has the shape of a key or a token. */
export function hideShapes(text: string): string {
  return text.replaceAll(SHAPES, (_match, ...rest: readonly unknown[]) => {
    // Groups come before the offset, which is a number; one of them at most has taken part.
    const groups = rest.slice(
      0,
      rest.findIndex((value) => typeof value === 'number'),
    )
    return `${groups.find((group) => typeof group === 'string') ?? ''}${HIDDEN}`
  })
}
