/** Where points go when nobody chose: a file until it is set. */
export const DEFAULT_CONNECTOR_ID = 'default'

/** Part of a secret's name, typed in a shell and written in Startup scripts; api-options.schema.json says the same. */
export const CONNECTOR_ID_PATTERN: RegExp = /^[A-Za-z0-9][A-Za-z0-9_-]{0,62}$/
