import { readdirSync, readFileSync } from 'node:fs'
import { dirname, join, relative } from 'node:path'
import { fileURLToPath } from 'node:url'
import { describe, expect, it } from 'vitest'

const root = fileURLToPath(new URL('..', import.meta.url))
const FOLDERS = ['core', 'scripts', 'runner', 'simulator', 'startup', 'tools', 'bench'] as const
/** What a set may import besides its own files: the contract, other sets, the AWS clients and the libraries the host carries, Node. */
const SET_IMPORTS =
  /^(guance-aws-lambda\/(dff|sets\/[a-z0-9_]+)|@aws-sdk\/client-[a-z-]+|undici|re2js|node:[a-z/]+)$/

interface Source {
  readonly path: string
  readonly folder: string
  readonly text: string
  readonly imports: readonly string[]
}

function importsOf(text: string): string[] {
  const pattern = /(?:\bfrom\s+|\bimport\s*\(\s*|^import\s+)'([^']+)'/gm
  return [...text.matchAll(pattern)].flatMap((match) => match[1] ?? [])
}

/** A relative import as a path from the root; a package import as it stands. */
function resolveImport(path: string, specifier: string): string {
  return specifier.startsWith('.') ? relative(root, join(root, dirname(path), specifier)) : specifier
}

function readSources(): Source[] {
  return FOLDERS.flatMap((folder) =>
    readdirSync(join(root, folder), { recursive: true, encoding: 'utf8' })
      .filter((path) => path.endsWith('.ts') && !path.includes('.generated.'))
      .map((path) => {
        const text = readFileSync(join(root, folder, path), 'utf8')
        const full = `${folder}/${path}`
        return { path: full, folder, text, imports: importsOf(text).map((name) => resolveImport(full, name)) }
      }),
  )
}

const sources = readSources()
const product = sources.filter(({ folder }) => folder !== 'tools' && folder !== 'bench')

function offenders(
  of: readonly Source[],
  isForbidden: (imported: string, source: Source) => boolean,
): string[] {
  return of.flatMap((source) =>
    source.imports
      .filter((imported) => isForbidden(imported, source))
      .map((imported) => `${source.path} imports ${imported}`),
  )
}

function inFolder(folder: string): readonly Source[] {
  return sources.filter((source) => source.folder === folder)
}

describe('imports', () => {
  it('sees every folder', () => {
    expect(FOLDERS.filter((folder) => inFolder(folder).length === 0)).toEqual([])
    expect(sources.reduce((sum, source) => sum + source.imports.length, 0)).toBeGreaterThan(200)
  })

  it('keeps core free of everything of ours and of input and output', () => {
    const isForbidden = (name: string): boolean => !name.startsWith('core/') && !name.startsWith('ajv')
    expect(offenders(inFolder('core'), isForbidden)).toEqual([])
  })

  it('lets a set import only its own files, the contract, other sets and what the host carries', () => {
    const isForbidden = (name: string, source: Source): boolean => {
      const own = source.path.split('/').slice(0, 2).join('/')
      return !name.startsWith(`${own}/`) && !SET_IMPORTS.test(name)
    }
    expect(offenders([...inFolder('scripts'), ...inFolder('startup')], isForbidden)).toEqual([])
  })

  it('lets a set import only the sets that it requires', () => {
    const wrong = inFolder('scripts').flatMap(({ path, imports }) => {
      const id = path.split('/')[1] ?? ''
      const manifest = JSON.parse(readFileSync(join(root, 'scripts', id, 'set.json'), 'utf8')) as {
        requires: string[]
      }
      return imports
        .filter((name) => name.startsWith('guance-aws-lambda/sets/'))
        .map((name) => name.slice('guance-aws-lambda/sets/'.length))
        .filter((name) => !manifest.requires.includes(name))
        .map((name) => `${path} imports ${name}, which ${id} does not require`)
    })
    expect(wrong).toEqual([])
  })

  it('keeps the runner apart from the sets', () => {
    expect(
      offenders(inFolder('runner'), (name) => /^(scripts|startup)\//.test(name) || name.includes('/sets/')),
    ).toEqual([])
  })

  it('keeps the simulator an independent witness', () => {
    expect(offenders(inFolder('simulator'), (name) => /^(scripts|runner|startup)\//.test(name))).toEqual([])
  })

  it('keeps simulator, tools, bench and tests out of the product', () => {
    const isForbidden = (name: string, source: Source): boolean =>
      /^(tools|test|bench)\//.test(name) || (name.startsWith('simulator/') && source.folder !== 'simulator')
    expect(offenders(product, isForbidden)).toEqual([])
  })
})

describe('form', () => {
  it('keeps files within 300 lines', () => {
    expect(sources.filter(({ text }) => text.split('\n').length > 301).map(({ path }) => path)).toEqual([])
  })

  it('names no file or folder after nothing', () => {
    const vague = /(^|\/)(utils?|helpers?|common|misc|manager|index)(\.ts|\/)/
    expect(sources.map(({ path }) => path).filter((path) => vague.test(path))).toEqual([])
  })

  it('has no any, enum, non-null assertion or silenced type error', () => {
    const forbidden =
      /(: any\b|\bas any\b|<any>|^\s*(export )?(const )?enum |[\])A-Za-z0-9_]!(\.|\[|;|,|\))|@ts-(ignore|expect-error|nocheck))/m
    expect(product.filter(({ text }) => forbidden.test(text)).map(({ path }) => path)).toEqual([])
  })

  it('prints and exits only at the command line and in the entries of processes', () => {
    const isEntry = (path: string): boolean =>
      path.startsWith('runner/cli/') || path === 'runner/task/child.ts' || path === 'simulator/main.ts'
    const prints = product.filter(
      ({ path, text }) => !isEntry(path) && /\bconsole\.\w+\(|process\.exit\(/.test(text),
    )
    expect(prints.map(({ path }) => path)).toEqual([])
  })
})
